// Makes up customers: people on the plans `free` and `pro`, and organizations on `team` whose members share its meters.

import { seeded } from '../lib/random.mjs'

const ORGANIZATIONS = ['org_1', 'org_2', 'org_3', 'org_4']
const UPLOADS = ['12MB', '180MB', '640MB', '1.4GiB', '6GB']

const pick = (list, random) => list[Math.floor(random() * list.length)]

/**
 * Creates the customers and answers `{ list, seats, storage, exports }`: everybody as `{ id, plan, holder }` where
 * `holder` is whose meters the person's requests count on, and what was granted and refused on the way.
 *
 * The lower the number in an ID, the more the person will use the product, and the likelier they pay.
 */
export function settle(limitr, count, seed) {
  const random = seeded(seed)
  const { sync } = limitr
  const seats = { taken: 0, refused: 0 }
  const storage = { stored: 0, refused: 0 }
  for (const org of ORGANIZATIONS) sync.createCustomer(org, 'team', 'org')

  const list = Array.from({ length: count }, (_, index) => {
    const id = `user_${String(index + 1).padStart(3, '0')}`
    const pays = random() < 0.95 - (0.8 * index) / count
    const org = pays && random() < 0.3 ? pick(ORGANIZATIONS, random) : null

    // A seat is taken as one step: asked for and counted. No seat left: the person buys `pro` instead.
    const member = org !== null && sync.increment(org, 'seats')
    if (org !== null) seats[member ? 'taken' : 'refused'] += 1

    // A member has no plan of its own and follows its organization's.
    if (member) sync.createCustomer(id, '', 'user', 'User', [org])
    else sync.createCustomer(id, pays ? 'pro' : 'free')

    const stored = sync.allow(id, 'storage', pick(UPLOADS, random))
    storage[stored ? 'stored' : 'refused'] += 1
    const plan = member ? 'team' : pays ? 'pro' : 'free'
    return { id, plan, holder: member ? org : id }
  })

  const exports = list.filter(({ id }) => sync.check(id, 'pdf_export')).length
  return { list, seats, storage, exports }
}
