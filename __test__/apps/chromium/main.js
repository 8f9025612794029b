import report from './report.mjs'
import stof from './stof.mjs'

const shows = location.search === '?stof' ? stof : report
document.body.textContent = JSON.stringify(await shows())
