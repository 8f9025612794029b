// The addon is loaded and left in worker threads, and a process that did so ends by itself, cleanly.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ENGINE = `
  const { Limitr } = require('limitr');
  const policy = { policy: { credits: { t: {} }, plans: { p: { default: true, entitlements: { a: { limit: { credit: 't', value: 1000 } } } } } } };
  async function used(close) {
    const limitr = await Limitr.new(policy);
    limitr.addHandler('h', () => {});
    await limitr.createCustomer('u');
    for (let i = 0; i < 100; i++) if (!(await limitr.allow('u', 'a', 1))) throw new Error('denied');
    if (await limitr.value('u', 'a') !== 100) throw new Error('another thread\\'s meter');
    if (close) await limitr.close();
  }
`

const WORKERS = `
  const { Worker } = require('node:worker_threads');
  ${ENGINE}
  const source = ${JSON.stringify(ENGINE)};
  const thread = (tail) => new Promise((resolve, reject) => {
    const worker = new Worker(source + tail, { eval: true });
    worker.on('error', reject);
    worker.on('exit', resolve);
  });
  (async () => {
    for (let round = 0; round < 25; round++) {
      const codes = await Promise.all([
        thread('(async () => { for (let i = 0; i < 10; i++) await used(true); })()'),
        thread('used(false)'),
        thread('used(false).then(() => process.exit(0))'),
        used(true)
      ]);
      if (codes.some((code) => code)) throw new Error('a thread ended with ' + codes);
    }
    console.log('done');
  })();
`

async function ended(script: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: new URL('..', import.meta.url),
    timeout: 60_000
  })
  return `${stdout}${stderr}`
}

it('engines open and close in threads, a hundred times', async () => {
  expect(await ended(WORKERS)).toBe('done\n')
}, 60_000)

it('an open engine with handlers keeps no process alive', async () => {
  expect(await ended(`${ENGINE} used(false).then(() => console.log('done'))`)).toBe('done\n')
}, 60_000)

it('an engine that is dropped without being closed is collected', async () => {
  const script = `
    const { Limitr } = require('limitr');
    (async () => {
      const refs = [];
      for (let i = 0; i < 100; i++) refs.push(new WeakRef(await Limitr.new({ policy: {} })));
      for (let i = 0; i < 20; i++) { await new Promise((resolve) => setTimeout(resolve, 5)); gc(); }
      console.log(refs.filter((ref) => ref.deref() === undefined).length > 90);
    })();`
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-e', script], {
    cwd: new URL('..', import.meta.url)
  })
  expect(stdout).toBe('true\n')
}, 60_000)
