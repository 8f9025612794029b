import type { LimitrError } from '../index.js'
import type { Backend } from './options.js'

/**
 * How an engine is connected to a Limitr Cloud server: as what, by a `token` or by tickets, and where.
 *
 * @example
 * const limitr = await Limitr.cloud({ token: process.env.LIMITR_TOKEN, url: 'https://limits.example.com' });
 */
export type LimitrCloudOptions = CloudCredential & CloudConnection

/** By what the server knows an engine: a token, or tickets that somebody who has one makes for it. */
export type CloudCredential =
  | {
      /** A token of the server with the scope `engine`, such as `limitr_live_…`. */
      readonly token: string
      readonly ticket?: null
    }
  | {
      readonly token?: null
      /**
       * Gets a ticket (`limitr_ticket_…`), which your own server had from `POST /v1/tickets`. Called for each connection and each policy that
       * is fetched, since a ticket is good once; if it fails, the engine tries again. For engines in wasm.
       *
       * @example
       * const ticket = async () => (await fetch('/limitr-ticket', { method: 'POST' })).text();
       * const limitr = await Limitr.cloud({ ticket, url: 'https://limits.example.com' });
       */
      readonly ticket: () => string | PromiseLike<string>
    }

/** Where an engine of Limitr Cloud connects, and how it stands without its server. */
export interface CloudConnection {
  /** The server's address. Default: the environment variable `LIMITR_CLOUD_URL`, else `http://127.0.0.1:8787`. */
  readonly url?: string | { readonly href: string } | null
  /**
   * Which policy runs. `'active'`: the one that is published, and whatever is published after it. A number: that version, whatever is
   * published. It is the number that the server's `GET /v1/policies` lists; one that was never published is `unknown_policy`. Hard limits,
   * caps and grants are shared out by the policy that is published all the same. Default: `'active'`.
   *
   * @example
   * const limitr = await Limitr.cloud({ token, url, policy: 3 });
   */
  readonly policy?: 'active' | number | null
  /** How long the first connection may take, in milliseconds or with a unit. Default: 5,000. */
  readonly connectTimeout?: number | string | null
  /**
   * How long an awaited call may wait for the server where this engine's share of a hard limit, cap or grant is used up, in milliseconds
   * or with a unit. Default: 250.
   */
  readonly leaseTimeout?: number | string | null
  /**
   * What is decided about hard limits, caps and grants once this engine's share of them is used up and the server can't be reached.
   * `'deny'`: denied, with the reason `lease`: limits stay exact. `'allow'`: allowed as far as the engine itself knows of room.
   * `{ allow: n }`: the same, up to `n` units of each in a period. Default: `'deny'`.
   */
  readonly offline?: 'deny' | 'allow' | { readonly allow: number } | null
  /**
   * Deny every call while the server can't be reached, also of soft limits, with the reason `offline`, but for one with `force` or an `id`
   * that was answered before. Default: false.
   */
  readonly denyUnconnected?: boolean | null
  /**
   * A folder (native binding only) that keeps what the server doesn't have yet, so that a crash of the app doesn't lose it: the next engine
   * that is opened there hands it in. Each engine needs a folder of its own. Default: none, it is kept in memory.
   *
   * @example
   * const limitr = await Limitr.cloud({ token, url, store: './limitr-outbox', durability: 'strict' });
   */
  readonly store?: string | null
  /**
   * When a call's promise resolves. `'relaxed'`: at once; a crash loses the last moments, and what was leased then stays spent until its
   * period ends. `'strict'`: once what it did is on disk; a crash loses nothing that was answered, and what was leased and not used is free
   * once the engine is opened anew. Methods of `sync` block until then. Default: `'relaxed'`.
   */
  readonly durability?: 'relaxed' | 'strict' | null
  /** Called when the status changes. */
  readonly onStatus?: ((status: CloudStatus) => unknown) | null
  /** What runs the engine, as for `Limitr.new`. Default: `'auto'`. */
  readonly backend?: 'auto' | Backend | null
}

/**
 * How an engine stands with its server.
 *
 * * `connecting`: no server was reached yet;
 * * `online`: connected;
 * * `offline`: cut off, trying again every 0.25 to 30 seconds; the offline rule counts;
 * * `failed`: the server refused, and trying again is of no use: see `error`;
 * * `closed`: the engine was closed.
 */
export type CloudState = 'connecting' | 'online' | 'offline' | 'failed' | 'closed'

/** How an engine stands with its server. */
export interface CloudStatus {
  /** In a word. */
  readonly state: CloudState
  /**
   * What is wrong: `unauthorized`, `revoked`, `version_unsupported`, `unknown_policy` where it failed; `policy_invalid` where this engine refused the policy
   * that was published last, and goes on with the one before; `connect_timeout`; null if nothing is.
   */
  readonly error: LimitrError | null
  /** The version of the policy that runs: the one that is pinned, if one is; null before the first. */
  readonly policyVersion: number | null
}
