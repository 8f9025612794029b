// @ts-check

// Capabilities: what customers and AI tools may run, and the parts of a policy that come as Stof text.

const { isObject, lookup, newName } = require('./arguments.js')
const { carryingAfter, functionsOf } = require('./carrying.js')
const { documentOf, guarded, plain, refused } = require('./documents.js')
const { LimitrError, wrongType } = require('./errors.js')
const { stofModuleNow } = require('./stof.js')
const { stofPart } = require('./stof-documents.js')
const usage = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */

/** What a tool may be called, in the words of the APIs that take tools. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** What a function, or its library, may be called in Stof. */
const STOF_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * @param {Core} core
 * @returns {Record<string, any>}
 */
function all(core) {
  return core.ask('policy', [null]).policy.capabilities ?? {}
}

/**
 * @param {Core} core
 * @param {unknown} name
 * @returns {any}
 */
function capability(core, name) {
  const key = lookup(name, 'name')
  const found = all(core)
  return key !== null && Object.hasOwn(found, key) ? whole(key, found[key]) : null
}

/**
 * @param {string} id
 * @param {any} given
 */
function whole(
  id,
  { name = id, description = '', version = '', parameters = [], plans = [], customers = [] }
) {
  const complete = parameters.map((/** @type {any} */ one) => ({
    description: '',
    schema_type: 'string',
    required: true,
    ...one
  }))
  return { id, name, description, version, parameters: complete, plans, customers }
}

/**
 * Replaces a part of the policy and, where it is Stof, adds the functions in it.
 *
 * @param {Core} core
 * @param {'notifications' | 'capabilities'} part
 * @param {unknown} given
 */
function setPart(core, part, given) {
  let value
  let functions = null
  if (typeof given === 'string') {
    ;({ value, functions } = stofPart(stofModuleNow(), [part], given, core.ask('now', []), `the ${part}`))
  } else {
    if (!isObject(given)) throw wrongType(part, `an object of ${part} by name, or Stof text`, given)
    const copy = guarded(() => plain(given, `policy.${part}`), part)
    if (copy.problems.length > 0)
      throw refused(copy.problems, { code: copy.problems[0].code, what: `the ${part}` })
    value = copy.value
  }
  if (part === 'notifications' && functions === null) {
    usage.moved(core, 'setNotifications', [value], '', null)
    return
  }
  const { policy } = core.ask('policy', [null])
  const next = { ...policy, [part]: value }
  if (functions !== null) next.functions = joined(policy.functions ?? '', functions)
  const document = documentOf({ policy: next }, 'auto', 'policy')
  carryingAfter(core, functionsOf(core, document), () =>
    usage.moved(core, 'updatePolicy', [document.text, document.format], '', null)
  )
}

/**
 * Functions beside functions: both inside of the policy, or both in a document.
 *
 * @param {string} before
 * @param {string} more what stands inside of the policy
 */
function joined(before, more) {
  return /^\s*([A-Z]\w*\s+)?policy\s*:/m.test(before)
    ? `${before}\npolicy: {\n${more}\n}`
    : `${before}\n${more}`
}

/**
 * Runs a capability for a customer, if it may.
 *
 * @param {Core} core
 * @param {unknown} name
 * @param {unknown} customer
 * @param {unknown} args
 * @returns {any}
 */
function runCapability(core, name, customer, args) {
  const found = capability(core, name)
  if (found === null) throw unknown(String(name), Object.keys(all(core)))
  const id = newName(customer, 'customer')
  if (!mayRun(core, found, id))
    throw new LimitrError(
      'not_allowed',
      `the customer \`${id}\` may not run \`${found.id}\`: its plan has no such capability`
    )
  const given = args ?? {}
  if (!isObject(given)) throw wrongType('args', 'an object of arguments by name', args)
  for (const { name: parameter, required } of found.parameters) {
    if (required && (given[parameter] === undefined || given[parameter] === null))
      throw new LimitrError('invalid_argument', `\`${found.id}\` needs \`args.${parameter}\``)
  }
  const { value, problems } = guarded(() => plain(given, 'args'), 'args')
  if (problems.length > 0) throw refused(problems, { code: 'invalid_argument', what: 'the arguments' })
  if (!core.carried?.refresh(core.ask('version', [])).has(['capabilities', found.id, 'run']))
    throw new LimitrError(
      'policy_function_failed',
      `\`capabilities.${found.id}\` has no function \`run\` in the policy's \`functions\``
    )
  return core.carried.run(found.id, id, value)
}

/**
 * @param {string} name
 * @param {string[]} names
 */
function unknown(name, names) {
  const list =
    names.length > 0
      ? `: the policy has ${names.map((one) => `\`${one}\``).join(', ')}`
      : ': the policy has none'
  return new LimitrError('unknown_capability', `unknown capability \`${name}\`${list}`)
}

/**
 * @param {Core} core
 * @param {{ plans: string[], customers: string[] }} found
 * @param {string} customer
 */
function mayRun(core, { plans, customers }, customer) {
  const record = core.ask('customer', [customer])
  if (record === null) return false
  if (customers.length > 0 && !customers.includes(record.id)) return false
  if (plans.length === 0) return true
  const { plan } = usage.explain(core, record.id, 'capability', 0, undefined) // the effective one
  return plan !== null && plans.includes(plan)
}

/**
 * The capabilities that a customer may run, as Claude takes tools.
 *
 * @param {Core} core
 * @param {unknown} customer
 * @returns {import('../index').ClaudeTool[]}
 */
function claudeTools(core, customer) {
  const id = newName(customer, 'customer')
  return Object.entries(all(core))
    .map(([id, given]) => whole(id, given))
    .filter((found) => TOOL_NAME.test(found.id) && mayRun(core, found, id))
    .map(({ id: name, description, parameters }) => ({
      name,
      description,
      input_schema: {
        type: 'object',
        properties: Object.fromEntries(
          parameters.map((/** @type {any} */ one) => [
            one.name,
            { type: one.schema_type, description: one.description }
          ])
        ),
        required: parameters
          .filter((/** @type {any} */ one) => one.required)
          .map((/** @type {any} */ one) => one.name)
      }
    }))
}

/**
 * Runs the tool that Claude asked for, and answers what it is to be told: a failure is told, too.
 *
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} use
 * @returns {import('../index').ClaudeToolResult}
 */
function claudeToolUse(core, customer, use) {
  if (!isObject(use) || typeof use.id !== 'string' || typeof use.name !== 'string')
    throw wrongType('use', 'a `tool_use` block: `{ id, name, input }`', use)
  const about = { type: /** @type {const} */ ('tool_result'), tool_use_id: use.id }
  try {
    const value = runCapability(core, use.name, customer, use.input)
    return { ...about, content: typeof value === 'string' ? value : JSON.stringify(value ?? null) }
  } catch (error) {
    if (!(error instanceof LimitrError)) throw error
    return { ...about, content: error.message, is_error: /** @type {const} */ (true) }
  }
}

/**
 * Gives the policy's functions one of the app's.
 *
 * @param {Core} core
 * @param {unknown} namespace
 * @param {unknown} name
 * @param {unknown} fn
 */
function lib(core, namespace, name, fn) {
  core.assertOpen()
  const [library, key] = [newName(namespace, 'namespace'), newName(name, 'name')]
  for (const word of [library, key])
    if (!STOF_NAME.test(word))
      throw new LimitrError(
        'invalid_name',
        `\`${word}\` can't be called in Stof: use letters, digits and \`_\``
      )
  if (typeof fn !== 'function') throw wrongType('fn', 'a function', fn)
  core.libs ??= new Map()
  const functions = core.libs.get(library) ?? new Map()
  core.libs.set(library, functions.set(key, fn))
  core.carried?.outdated()
}

module.exports = { capability, claudeTools, claudeToolUse, lib, runCapability, setPart }
