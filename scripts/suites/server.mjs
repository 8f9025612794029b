// The Cloud server's tests alone: real servers, real sockets, on SQLite, and on a PostgreSQL of their own.

import { nextest } from './rust.mjs'

/** Runs them. All crates are built as for all Rust tests, since fewer would build dependencies anew. */
export async function server() {
  const ran = await nextest('--filterset=package(limitr-server)')
  return { ...ran, skipped: 0 } // what was left out wasn't asked for
}
