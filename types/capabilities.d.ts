import type { Capability } from './policy.js'

/** A tool, as Claude's API takes it. */
export interface ClaudeTool {
  /** The capability's name. */
  readonly name: string
  /** What it does. */
  readonly description: string
  /** What it takes, as JSON Schema. */
  readonly input_schema: {
    readonly type: 'object'
    readonly properties: { readonly [name: string]: { readonly type: string; readonly description: string } }
    readonly required: readonly string[]
  }
}

/** A `tool_use` block of an answer of Claude's. */
export interface ClaudeToolUse {
  readonly id: string
  readonly name: string
  readonly input?: unknown
  readonly [field: string]: unknown
}

/** What Claude is told of a tool that it used. */
export interface ClaudeToolResult {
  readonly type: 'tool_result'
  readonly tool_use_id: string
  /** What the capability returned, as text; else why it failed. */
  readonly content: string
  readonly is_error?: true
}

/** What customers and AI tools may run, and what the app gives the policy's functions. */
export interface Capabilities {
  /**
   * Gives the policy's functions one of the app's: `App.sendEmail(…)` in Stof. What it returns is the value of the call; an `async`
   * one runs after the call, is null to the policy, and is waited for by `flush` and `close`.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_name`, `closed`
   * @example
   * limitr.lib('App', 'sendEmail', async (to, text) => mail(to, text));
   */
  // biome-ignore lint/suspicious/noExplicitAny: what the policy's functions pass is theirs to say
  lib(namespace: string, name: string, fn: (...args: any[]) => unknown): void

  /**
   * A capability of the policy, with its defaults; null if there is none of that name.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { description } = (await limitr.capability('refund')) ?? {};
   */
  capability(name: string): Promise<(Required<Capability> & { readonly id: string }) | null>

  /**
   * Replaces the policy's capabilities, whole or not at all. As Stof text (`refund: { fn run(…) … }`) they bring their functions.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_policy` with diagnostics, `not_supported` if the sandbox of Stof isn't there
   * @example
   * await limitr.setCapabilities("ping: { description: 'Answers', fn run() -> str { 'pong' } }");
   */
  setCapabilities(capabilities: { readonly [name: string]: Capability } | string): Promise<void>

  /**
   * Runs a capability for a customer: its function `run(args, customer)`.
   *
   * @returns what it returned, as JSON has it
   * @throws {LimitrError} `unknown_capability`, `not_allowed`, `invalid_argument` if an argument is missing,
   * `policy_function_failed`
   * @example
   * const left = await limitr.runCapability('refund', 'user_1', { tokens: 100 });
   */
  // biome-ignore lint/suspicious/noExplicitAny: what a capability returns is its own
  runCapability(name: string, customer: string, args?: object | null): Promise<any>

  /**
   * The capabilities that a customer may run, as Claude takes tools.
   *
   * @throws {LimitrError} `invalid_name`
   * @example
   * const message = { model, messages, tools: await limitr.claudeTools('user_1') };
   */
  claudeTools(customer: string): Promise<ClaudeTool[]>

  /**
   * Runs the tool that Claude asked for, and answers what it is to be told. A failure is told, too: `is_error`.
   *
   * @throws {LimitrError} `invalid_argument` if it is no `tool_use` block
   * @example
   * const result = await limitr.claudeToolUse('user_1', block);
   */
  claudeToolUse(customer: string, use: ClaudeToolUse): Promise<ClaudeToolResult>
}
