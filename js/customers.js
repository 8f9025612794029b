// @ts-check

// Customers: their records, plans, other IDs and overrides.

const {
  data,
  flag,
  isObject,
  lookup,
  newName,
  optionalData,
  optionalDuration,
  optionalName,
  optionalNames,
  optionalNumber,
  optionalQuantity,
  optionalText,
  options
} = require('./arguments.js')
const { LimitrError, wrongType } = require('./errors.js')
const { guarded } = require('./documents.js')
const { moved } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').CustomerRecord} CustomerRecord */

/** How many records `eachCustomer` reads at a time. */
const PAGE_LENGTH = 256

/**
 * `createCustomer` and `ensureCustomer`.
 *
 * @param {Core} core
 * @param {'createCustomer' | 'ensureCustomer'} op
 * @param {readonly unknown[]} given
 * @returns {any}
 */
function create(core, op, given) {
  const args = profileOf(given)
  return moved(core, op, args, /** @type {string} */ (args[0]), null)
}

/**
 * What a customer is created with, as it crosses.
 *
 * @param {readonly unknown[]} given
 */
function profileOf([id, plan, type, label, refs, alts, metadata]) {
  return [
    newName(id, 'id'),
    optionalName(plan, 'plan'),
    optionalName(type, 'type'),
    optionalText(label, 'label'),
    optionalNames(refs, 'refs'),
    optionalNames(alts, 'alts'),
    guarded(() => optionalData(metadata, 'metadata'), 'metadata')
  ]
}

/**
 * `setCustomer` and `ensureSetCustomer`.
 *
 * @param {Core} core
 * @param {'setCustomer' | 'ensureSetCustomer'} op
 * @param {unknown} record
 * @returns {any}
 */
function store(core, op, record) {
  const clean = recordOf(record, 'record')
  return moved(core, op, [clean], String(clean.id), null)
}

/**
 * @param {unknown} record
 * @param {string} argument
 */
function recordOf(record, argument) {
  if (!isObject(record)) throw wrongType(argument, 'an object', record)
  newName(
    guarded(() => record.id, argument),
    `${argument}.id`
  )
  return guarded(() => data(record, argument), argument)
}

/**
 * @param {Core} core
 * @param {unknown} records
 * @param {unknown} given
 * @returns {number}
 */
function loadCustomers(core, records, given) {
  const { event } = options(given, 'options', ['event'])
  const send = flag(event, 'options.event', false)
  const list = recordsOf(records).map((record, index) => recordOf(record, `records[${index}]`))
  return moved(core, 'loadCustomers', [list, send], '', null)
}

/**
 * @param {unknown} records
 * @returns {unknown[]}
 */
function recordsOf(records) {
  const accepted = 'a list of records, or an object of records by ID'
  if (typeof records !== 'object' || records === null) throw wrongType('records', accepted, records)
  if (Symbol.iterator in records)
    return guarded(() => Array.from(/** @type {Iterable<unknown>} */ (records)), 'records')
  if (isObject(records) && typeof records.id !== 'string' && !(Symbol.asyncIterator in records)) {
    return guarded(() => Object.values(records), 'records')
  }
  throw wrongType('records', accepted, records)
}

/**
 * @param {Core} core
 * @param {'customer' | 'customerMetadata' | 'customerRefs'} op
 * @param {unknown} id
 * @returns {any}
 */
function read(core, op, id) {
  return core.ask(op, [lookup(id, 'id')]) ?? null
}

/**
 * Every record by ID. Not by assignment: an ID may be `__proto__`.
 *
 * @param {Core} core
 * @returns {Record<string, CustomerRecord>}
 */
function customers(core) {
  return Object.fromEntries(Array.from(eachCustomer(core), (record) => [record.id, record]))
}

/**
 * A page of records, from a place that the page before gave.
 *
 * @param {Core} core
 * @param {number} from
 * @returns {{ records: Record<string, CustomerRecord>, next: number | null }}
 */
function page(core, from) {
  return core.ask('customerPage', [from, PAGE_LENGTH])
}

/**
 * @param {Core} core
 * @returns {Generator<CustomerRecord>}
 */
function* eachCustomer(core) {
  /** @type {number | null} */
  let from = 0
  while (from !== null) {
    const { records, next } = page(core, from)
    yield* Object.values(records)
    from = next ?? null
  }
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @returns {boolean}
 */
function removeCustomer(core, id) {
  const name = lookup(id, 'id')
  return moved(core, 'removeCustomer', [name], name, null)
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @param {unknown} alt
 * @returns {boolean}
 */
function addAltID(core, id, alt) {
  const name = lookup(id, 'id')
  return moved(core, 'addAltID', [name, newName(alt, 'alt')], name, null)
}

/**
 * @param {Core} core
 * @param {unknown} alt
 * @returns {boolean}
 */
function removeAltID(core, alt) {
  const name = lookup(alt, 'alt')
  return moved(core, 'removeAltID', [name], name, null)
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @param {unknown} plan
 * @param {unknown} overwrite
 * @returns {boolean}
 */
function setCustomerPlan(core, id, plan, overwrite) {
  const name = lookup(id, 'id')
  const args = [name, storedPlan(plan), flag(overwrite, 'overwrite_meters', true)]
  return moved(core, 'setCustomerPlan', args, name, null)
}

/**
 * A plan to store. The empty name means something here (follow the refs), so what can be nobody's name must not become it.
 *
 * @param {unknown} plan
 * @returns {string}
 */
function storedPlan(plan) {
  if (typeof plan !== 'string' || plan.isWellFormed()) return lookup(plan, 'plan')
  throw new LimitrError('unknown_plan', 'the name of the plan contains half a character (a lone surrogate)')
}

const OVERRIDE_FIELDS = [
  'value',
  'expires_on',
  'credit',
  'mode',
  'increment',
  'minimum',
  'hard_trailing',
  'grants_apply',
  'resets',
  'reset_inc',
  'reset_sch',
  'governor_enabled',
  'governor_capacity',
  'governor_refill_rate',
  'ewma_alpha'
]

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value a quantity, or an object with any field of a limit
 * @param {readonly unknown[]} others
 * @returns {boolean}
 */
function createCustomerOverride(core, customer, entitlement, value, others) {
  const id = lookup(customer, 'customer')
  const names = [id, lookup(entitlement, 'entitlement')]
  const [expires_on, credit, mode, increment, resets, reset_inc, reset_sch] = others
  if (isObject(value)) {
    if (others.some((other) => other !== undefined && other !== null)) {
      throw new LimitrError('invalid_argument', '`value` is an object: put the other fields into it')
    }
    const fields = overrideOf(options(value, 'value', OVERRIDE_FIELDS), 'value.')
    return moved(core, 'createCustomerOverride', [...names, fields], id, null)
  }
  const given = overrideOf({ value, expires_on, credit, mode, increment, resets, reset_inc, reset_sch }, '')
  const args = [
    ...names,
    given.value,
    given.expires_on,
    given.credit,
    given.mode,
    given.increment,
    given.resets,
    given.reset_inc,
    given.reset_sch
  ]
  return moved(core, 'createCustomerOverride', args, id, null)
}

/**
 * @param {Record<string, unknown>} given
 * @param {string} within how the fields' names begin in messages
 * @returns {Record<string, unknown>}
 */
function overrideOf(given, within) {
  /** @type {Record<string, unknown>} */
  const fields = {}
  for (const [field, value] of Object.entries(given)) {
    fields[field] = overrideField(field, value, within + field)
  }
  return fields
}

/**
 * @param {string} field
 * @param {unknown} value
 * @param {string} argument
 */
function overrideField(field, value, argument) {
  switch (field) {
    case 'expires_on':
      return optionalNumber(value, argument)
    case 'credit':
    case 'mode':
    case 'reset_sch':
      return optionalText(value, argument)
    case 'resets':
    case 'hard_trailing':
    case 'grants_apply':
    case 'governor_enabled':
      return value === undefined || value === null ? null : flag(value, argument, false)
    case 'reset_inc':
      return optionalDuration(value, argument)
    default:
      return optionalQuantity(value, argument)
  }
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @returns {boolean}
 */
function removeCustomerOverride(core, customer, entitlement) {
  const id = lookup(customer, 'customer')
  return moved(core, 'removeCustomerOverride', [id, lookup(entitlement, 'entitlement')], id, null)
}

module.exports = {
  addAltID,
  create,
  createCustomerOverride,
  customers,
  eachCustomer,
  loadCustomers,
  profileOf,
  read,
  removeAltID,
  removeCustomer,
  removeCustomerOverride,
  setCustomerPlan,
  store
}
