/** What mod_ssl adds to expressions: `%{SSL_PROTOCOL}`, `%{SSL:name}`, PeerExtList (ssl_expr_lookup of ssl_engine_vars.c). */
import { RequestExprContext } from '../../../core/expression-context.ts';
import type { ExprContext, ExprExtensions } from '../../../expr/index.ts';
import { sslVariable } from './variables.ts';

function lookup(context: ExprContext, name: string): string | undefined {
  return context instanceof RequestExprContext ? sslVariable(context.request, name) : undefined;
}

export const expressions: ExprExtensions<ExprContext> = {
  variable: (name) => (/^SSL_/i.test(name) ? (context) => lookup(context, name) : undefined),
  stringFunction: (name) => (name.toLowerCase() === 'ssl' ? lookup : undefined),
  // Extensions of the client's certificate: there is none.
  listFunction: (name) => (name.toLowerCase() === 'peerextlist' ? () => [] : undefined),
};
