// The engine of cloud.mjs, asked by lines on standard input and answering by lines: runtimes that are a program.

import process from 'node:process'
import { createInterface } from 'node:readline'
import { answered, CloudApp } from './cloud.mjs'

const app = new CloudApp()
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answered(app, JSON.parse(line))))
