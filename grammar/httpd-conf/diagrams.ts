/** Railroad diagrams of the grammar. `UPDATE_DIAGRAMS=1 npx vitest run test/unit/grammar/httpd-conf/diagrams.test.ts` writes railroad.html. */
import { createSyntaxDiagramsCode } from '../chevrotain.ts';
import { HttpdConfParser } from './parser.ts';

/** The page, made from the parser itself; a unit test compares it with railroad.html. */
export function railroadPage(): string {
  const grammar = new HttpdConfParser({ skipValidations: false }).getSerializedGastProductions();
  return createSyntaxDiagramsCode(grammar);
}
