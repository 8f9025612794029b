import report from './report.mjs'

document.body.textContent = JSON.stringify(await report())
