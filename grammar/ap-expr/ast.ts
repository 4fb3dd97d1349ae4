/** The tree of one ap_expr expression: frozen plain nodes, a union on `kind`. Offsets count chars of the source. */

export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Text whose value is known when the configuration is read. `form` tells `127` from `'127'`: only the quoted form is a constant for -R and -ipmatch. */
export interface TextNode extends Span {
  readonly kind: 'text';
  readonly form: 'quoted' | 'number';
  readonly value: string;
}

/** `%{NAME}` */
export interface VariableNode extends Span {
  readonly kind: 'variable';
  readonly name: string;
}

/** `$0` to `$9` */
export interface BackReferenceNode extends Span {
  readonly kind: 'backReference';
  readonly group: number;
}

/** `name(word)` or `%{name:string}` */
export interface CallNode extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly argument: WordNode;
}

/** Two or more parts, from `word . word` or from a string with interpolation; never flattened across quotes. */
export interface ConcatNode extends Span {
  readonly kind: 'concat';
  readonly parts: readonly WordNode[];
}

export type WordNode = TextNode | VariableNode | BackReferenceNode | CallNode | ConcatNode;

export interface LiteralNode extends Span {
  readonly kind: 'literal';
  readonly value: boolean;
}

/** `! operand`, `count` times in a row. */
export interface NotNode extends Span {
  readonly kind: 'not';
  readonly count: number;
  readonly operand: BooleanNode;
}

/** Two or more operands joined by the same operator without parentheses between them. */
export interface JunctionNode extends Span {
  readonly kind: 'and' | 'or';
  readonly operands: readonly BooleanNode[];
}

/** `-f word`: the operator is kept with its minus. */
export interface UnaryNode extends Span {
  readonly kind: 'unary';
  readonly operator: string;
  readonly operand: WordNode;
}

/** `word -strmatch word`: a named operator, resolved by name. */
export interface BinaryNode extends Span {
  readonly kind: 'binary';
  readonly operator: string;
  readonly left: WordNode;
  readonly right: WordNode;
}

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** `==`..`>=` compare bytes (`type: 'string'`), `-eq`..`-ge` integers. */
export interface CompareNode extends Span {
  readonly kind: 'compare';
  readonly type: 'string' | 'integer';
  readonly comparison: Comparison;
  readonly left: WordNode;
  readonly right: WordNode;
}

export interface RegexNode extends Span {
  readonly kind: 'regex';
  readonly source: string;
  readonly ignoreCase: boolean;
}

/** `word =~ regex`, `word !~ regex` */
export interface MatchNode extends Span {
  readonly kind: 'match';
  readonly negated: boolean;
  readonly subject: WordNode;
  readonly regex: RegexNode;
}

/** `listfunction(word)` */
export interface ListCallNode extends Span {
  readonly kind: 'listCall';
  readonly name: string;
  readonly argument: WordNode;
}

/** `word -in { word, word }` or `word -in listfunction(word)` */
export interface MembershipNode extends Span {
  readonly kind: 'in';
  readonly needle: WordNode;
  readonly list: readonly WordNode[] | ListCallNode;
}

export type BooleanNode =
  | LiteralNode
  | NotNode
  | JunctionNode
  | UnaryNode
  | BinaryNode
  | CompareNode
  | MatchNode
  | MembershipNode;

/** What an expression names and the reader of the tree must resolve: in the order in which httpd's parser resolves them. */
export type Reference = VariableNode | CallNode | ListCallNode | RegexNode | UnaryNode | BinaryNode;

/**
 * What is wrong with the text. httpd words it as `syntax`, or `syntax: detail`, or `detail` alone;
 * `detail` is what the lexer has to say. Offset and length lie within the expression (length 0 at its end).
 */
export interface ParseFailure extends Span {
  readonly syntax: string | undefined;
  readonly detail: string | undefined;
}

/** Either `root` or `failure`. `references` holds what was complete before the failure. */
export interface ParseResult<Root> {
  readonly root: Root | undefined;
  readonly failure: ParseFailure | undefined;
  readonly references: readonly Reference[];
}
