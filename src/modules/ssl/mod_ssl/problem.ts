/** What is wrong with a server's or a proxy's TLS when all is read: httpd logs it and does not start. */
export interface ContextProblem {
  readonly code: string;
  readonly message: string;
  /** What the library says, or what to do. */
  readonly hint?: string;
  /** Only `warning` lets the server start. */
  readonly severity?: 'warning';
}
