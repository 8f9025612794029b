// The page: what is set on it, and a new run of the month whenever that changes.

import { runMonth } from './month.js'
import policy from './policy.yaml?raw'
import { byId, drawError, drawPlans, drawRun } from './view.js'
import { counted, grouped, money } from './words.js'

const FIRST_PLAN = 'pro'
const sliders = {
  tokens: grouped,
  images: grouped,
  seats: (seats) => counted(seats, 'seat'),
  cap: (cap) => (cap === null ? 'no cap' : money(cap, true))
}

/** The value of a slider; the cap's last step is no cap. */
function setting(id) {
  const { value, max } = byId(id)
  return id === 'cap' && value === max ? null : Number(value)
}

/** What the sliders say, written beside them. */
function usage() {
  const entries = Object.entries(sliders).map(([id, shown]) => {
    const value = setting(id)
    byId(id).ariaValueText = shown(value)
    document.querySelector(`output[for="${id}"]`).textContent = shown(value)
    return [id, value]
  })
  return Object.fromEntries(entries)
}

/** Runs the month and draws it. What goes wrong is said on the page, and the next change tries again. */
async function update() {
  const asked = usage()
  try {
    const run = await runMonth(byId('policy').value, asked)
    if (run.months.length === 0) throw new Error('the policy has no plans')
    const names = run.months.map(({ name }) => name)
    const wanted = document.querySelector('input[name="plan"]:checked')?.value ?? FIRST_PLAN
    const chosen = names.includes(wanted) ? wanted : names[0]
    drawPlans(run.months, chosen)
    drawRun(run, chosen, asked.cap)
    drawError(null)
  } catch (error) {
    drawError(error)
  }
}

let running = false
let again = false

/** One run at a time, and one more if anything changed meanwhile: a slider that is dragged leaves no queue. */
async function schedule() {
  again = true
  if (running) return
  running = true
  while (again) {
    again = false
    await update()
    await new Promise(requestAnimationFrame)
  }
  running = false
}

byId('policy').value = policy
document.addEventListener('input', schedule)
// A few times over, for the time of a decision alone: the first runs have the browser's compilers in them.
for (let run = 0; run < 5 && byId('error').hidden; run++) await schedule()
