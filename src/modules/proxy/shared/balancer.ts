/** A balancer: several workers behind one name (proxy_balancer of mod_proxy.h). */
import type { Worker } from './worker.ts';

export class Balancer {
  /** `balancer://name`, in lower case. */
  readonly name: string;
  readonly members: Worker[] = [];

  constructor(name: string) {
    this.name = name;
  }
}
