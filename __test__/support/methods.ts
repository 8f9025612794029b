// What every method takes, in order: a good value of each argument, and what kind it is.

import { Limitr } from 'limitr'

/** A kind of argument: what it must be, and so what it must not be. */
export type Kind =
  | 'name'
  | 'newName'
  | 'optionalName'
  | 'optionalLookup'
  | 'text'
  | 'flag'
  | 'event'
  | 'quantity'
  | 'requiredQuantity'
  | 'overrideValue'
  | 'overrideQuantity'
  | 'number'
  | 'plainNumber'
  | 'duration'
  | 'names'
  | 'metadata'
  | 'record'
  | 'records'
  | 'document'
  | 'format'
  | 'options'
  | 'items'
  | 'plan'

/** One argument of a method. */
export interface Argument {
  argument: string
  kind: Kind
  good: unknown
}

/** A method and its arguments. */
export interface Method {
  name: string
  args: Argument[]
}

const arg = (argument: string, kind: Kind, good: unknown): Argument => ({ argument, kind, good })

const customer = arg('customer', 'name', 'user')
const entitlement = arg('entitlement', 'name', 'chat')
const id = arg('id', 'name', 'user')
const event = arg('event', 'event', false)
const meter = [customer, entitlement]
const decided = [...meter, arg('value', 'quantity', 0), arg('options', 'options', null)]
const judged = [
  ...meter,
  arg('value', 'quantity', 0),
  event,
  arg('overhead', 'number', null),
  arg('force', 'flag', false)
]
const read = [...meter, arg('percent', 'flag', false), arg('grants', 'flag', true)]
const created = [
  arg('plan', 'optionalName', null),
  arg('type', 'optionalName', null),
  arg('label', 'text', null),
  arg('refs', 'names', null),
  arg('alts', 'names', null),
  arg('metadata', 'metadata', null)
]
const all = [
  customer,
  arg('items', 'items', [{ entitlement: 'chat', value: 1 }]),
  arg('options', 'options', null)
]

/** Every method that takes arguments. */
export const METHODS: Method[] = [
  { name: 'allow', args: judged },
  { name: 'check', args: judged },
  { name: 'increment', args: [...meter, event] },
  { name: 'decrement', args: [...meter, event] },
  {
    name: 'set',
    args: [...meter, arg('value', 'requiredQuantity', 7), event, arg('overhead', 'number', null)]
  },
  { name: 'decide', args: decided },
  { name: 'explain', args: decided },
  { name: 'allowAll', args: all },
  { name: 'decideAll', args: all },
  { name: 'value', args: read },
  { name: 'remaining', args: read },
  { name: 'limit', args: [...meter, arg('grants', 'flag', true)] },
  ...['allowance', 'cost', 'resets', 'rate', 'acceleration', 'projectedExhaustion'].map((name) => ({
    name,
    args: meter
  })),
  ...['creditFor', 'entitlement', 'limitObject', 'meterObject'].map((name) => ({ name, args: meter })),
  { name: 'createCustomer', args: [arg('id', 'newName', 'user'), ...created] },
  { name: 'ensureCustomer', args: [arg('id', 'newName', 'user'), ...created] },
  { name: 'setCustomer', args: [arg('record', 'record', { id: 'user' })] },
  { name: 'ensureSetCustomer', args: [arg('record', 'record', { id: 'user' })] },
  { name: 'loadCustomers', args: [arg('records', 'records', []), arg('options', 'options', null)] },
  ...['customer', 'customerMetadata', 'customerRefs', 'planPeriod', 'planTrialPeriod', 'credit'].map(
    (name) => ({
      name,
      args: [id]
    })
  ),
  { name: 'removeCustomer', args: [arg('id', 'name', 'nobody')] },
  { name: 'addAltID', args: [id, arg('alt', 'newName', 'alias')] },
  { name: 'removeAltID', args: [arg('alt', 'name', 'nobody')] },
  {
    name: 'setCustomerPlan',
    args: [id, arg('plan', 'name', 'free'), arg('overwrite_meters', 'flag', false)]
  },
  {
    name: 'createCustomerOverride',
    args: [
      ...meter,
      arg('value', 'overrideValue', null),
      arg('expires_on', 'number', null),
      arg('credit', 'text', null),
      arg('mode', 'text', null),
      arg('increment', 'overrideQuantity', null),
      arg('resets', 'flag', null)
    ]
  },
  { name: 'removeCustomerOverride', args: meter },
  { name: 'applyCustomerTopup', args: [customer, arg('topup', 'name', 'nothing')] },
  { name: 'ensureCustomerIncludedTopups', args: [customer] },
  { name: 'remainingCredit', args: [customer, arg('credit', 'name', 'nothing')] },
  {
    name: 'addCustomerCap',
    args: [customer, arg('value', 'requiredQuantity', 5), arg('options', 'options', null)]
  },
  ...['customerCap', 'resetCustomerCap', 'removeCustomerCap'].map((name) => ({
    name,
    args: [customer, arg('cap', 'name', 'nothing')]
  })),
  { name: 'creditExchange', args: [arg('from', 'name', 'usd')] },
  {
    name: 'setExchange',
    args: [arg('name', 'newName', 'eur'), arg('value', 'plainNumber', 1.1), arg('currency', 'name', 'usd')]
  },
  {
    name: 'settle',
    args: [...meter, arg('hold', 'optionalLookup', null), arg('value', 'requiredQuantity', 0), event]
  },
  { name: 'estimate', args: [...meter, arg('options', 'options', null)] },
  {
    name: 'observe',
    args: [...meter, arg('value', 'requiredQuantity', 1), arg('options', 'options', null)]
  },
  { name: 'customerMarginSnapshot', args: [customer] },
  { name: 'startMarginMeasurement', args: [customer] },
  { name: 'captureMarginMeasurement', args: [customer, arg('measurement', 'name', 'nothing')] },
  { name: 'hold', args: [...meter, arg('options', 'options', null)] },
  { name: 'reserve', args: [...meter, arg('options', 'options', null)] },
  { name: 'release', args: [...meter, arg('hold', 'name', 'hold_1')] },
  { name: 'held', args: meter },
  { name: 'plan', args: [id, arg('def', 'flag', true)] },
  { name: 'setPlan', args: [arg('id', 'newName', 'free'), arg('plan', 'plan', {})] },
  { name: 'setNotifications', args: [arg('notifications', 'plan', {})] },
  { name: 'deletePlan', args: [arg('id', 'name', 'nothing')] },
  { name: 'updatePolicy', args: [arg('policy', 'document', { policy: {} }), arg('format', 'format', null)] },
  { name: 'difference', args: [arg('other', 'document', { policy: {} }), arg('format', 'format', null)] },
  { name: 'policy', args: [arg('format', 'format', null)] },
  { name: 'advance', args: [arg('duration', 'duration', 0)] }
]

/** What the prototype of an engine has of its own: every method and property but those of the class of an entry. */
export const PROTOTYPE: object = Object.getPrototypeOf((Limitr as unknown as { prototype: object }).prototype)
