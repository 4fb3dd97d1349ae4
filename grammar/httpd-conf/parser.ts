/**
 * The grammar of httpd's configuration lines (server/config.c ap_build_config_sub) and of their words (server/util.c ap_getword_conf).
 * The rules in words: README.md; as pictures: railroad.html.
 */
import { type ChevrotainLexer, EmbeddedActionsParser, type IToken, Lexer } from '../chevrotain.ts';
import { blankAfterNul } from './scan.ts';
import type { Statement, StatementKind } from './statement.ts';
import {
  ArgumentText,
  BareWord,
  BracedWord,
  Comment,
  DirectiveName,
  HeaderClose,
  HeaderText,
  lineModes,
  QuotedName,
  QuotedWord,
  SectionCloseName,
  SectionOpenName,
  TrailingText,
  wordModes,
} from './tokens.ts';
import { bracedWordOf, type Word, wordOf } from './words.ts';

// Checking the grammar itself costs start-up time and can only fail when it is edited: a unit test makes a parser that does it.
export interface ParserOptions {
  readonly skipValidations: boolean;
}

export class HttpdConfParser extends EmbeddedActionsParser {
  constructor(options: ParserOptions) {
    super([...new Set([...Object.values(lineModes).flat(), ...Object.values(wordModes).flat()])], {
      maxLookahead: 1,
      skipValidations: options.skipValidations,
    });
    this.performSelfAnalysis();
  }

  readonly configuration = this.RULE('configuration', (): Statement[] => {
    const statements: Statement[] = [];
    this.MANY(() => {
      statements.push(this.SUBRULE(this.statement));
    });
    return statements;
  });

  readonly statement = this.RULE(
    'statement',
    (): Statement =>
      this.OR([
        { ALT: () => this.SUBRULE(this.directive) },
        { ALT: () => this.SUBRULE(this.sectionOpen) },
        { ALT: () => this.SUBRULE(this.sectionClose) },
        { ALT: () => this.SUBRULE(this.comment) },
      ]),
  );

  readonly comment = this.RULE('comment', (): Statement => {
    const text = this.CONSUME(Comment);
    return this.ACTION(() => statement('comment', text, undefined, undefined, undefined));
  });

  readonly directive = this.RULE('directive', (): Statement => {
    const name = this.OR([
      { ALT: () => this.CONSUME(DirectiveName) },
      { ALT: () => this.CONSUME(QuotedName) },
    ]);
    const args = this.OPTION(() => this.CONSUME(ArgumentText));
    return this.ACTION(() => statement('directive', name, args, undefined, undefined));
  });

  readonly sectionOpen = this.RULE('sectionOpen', (): Statement => {
    const name = this.CONSUME(SectionOpenName);
    const header = this.OPTION1(() => this.CONSUME(HeaderText));
    const bracket = this.OPTION2(() => this.CONSUME(HeaderClose));
    const trailing = this.OPTION3(() => this.CONSUME(TrailingText));
    return this.ACTION(() => statement('open', name, header, bracket, trailing));
  });

  readonly sectionClose = this.RULE('sectionClose', (): Statement => {
    const name = this.CONSUME(SectionCloseName);
    const trailing = this.OPTION(() => this.CONSUME(TrailingText));
    return this.ACTION(() => statement('close', name, undefined, undefined, trailing));
  });

  readonly argumentWords = this.RULE('argumentWords', (): Word[] => {
    const words: Word[] = [];
    this.MANY(() => {
      const token = this.OR([
        { ALT: () => this.CONSUME(QuotedWord) },
        { ALT: () => this.CONSUME(BracedWord) },
        { ALT: () => this.CONSUME(BareWord) },
      ]);
      this.ACTION(() => {
        const wordIn = token.tokenType === BracedWord ? bracedWordOf : wordOf;
        words.push(wordIn(token.image, token.startOffset));
      });
    });
    return words;
  });
}

function endOf(token: IToken): number {
  return token.startOffset + token.image.length;
}

function statement(
  kind: StatementKind,
  name: IToken,
  text: IToken | undefined,
  bracket: IToken | undefined,
  trailing: IToken | undefined,
): Statement {
  const nameEnd = endOf(name);
  const first = text ?? bracket ?? trailing;
  const last = trailing ?? bracket ?? text;
  return {
    kind,
    start: name.startOffset,
    end: last === undefined ? nameEnd : endOf(last),
    nameEnd,
    restStart: first === undefined ? nameEnd : first.startOffset,
    bracket: bracket === undefined ? -1 : bracket.startOffset,
  };
}

const lexerOptions = {
  ensureOptimizations: true,
  positionTracking: 'onlyOffset',
  skipValidations: true,
} as const;
const lineLexer = new Lexer({ modes: lineModes, defaultMode: 'line_start' }, lexerOptions);
const wordLexer = new Lexer({ modes: wordModes, defaultMode: 'words' }, lexerOptions);
const parser = new HttpdConfParser({ skipValidations: true });

function tokens(lexer: ChevrotainLexer, text: string, mode: string): IToken[] {
  const result = lexer.tokenize(text, mode);
  const [error] = result.errors;
  // Every character starts a token in every mode, so that only a defect of the grammar gets here.
  if (error !== undefined) throw new Error(`httpd-conf lexer: ${error.message}`);
  return result.tokens;
}

function checked<T>(value: T): T {
  const [error] = parser.errors;
  if (error !== undefined) throw new Error(`httpd-conf parser: ${error.message}`);
  return value;
}

/** A parsed text. `text` is what the statements' offsets count into: the one given, blanked where httpd reads nothing (NUL bytes). */
export interface ParsedText {
  readonly text: string;
  readonly statements: readonly Statement[];
}

/** Takes a whole configuration text (a byte string) apart. Every text has statements: nothing is an error at this level. */
export function parseConfiguration(source: string): ParsedText {
  const text = blankAfterNul(source);
  parser.input = tokens(lineLexer, text, 'line_start');
  const statements = checked(parser.configuration());
  parser.input = [];
  return { text, statements };
}

/** Splits joined argument text into words by the grammar; `braces` adds the `{...}` words of ap_getword_conf2. */
export function parseWords(text: string, braces = false): readonly Word[] {
  parser.input = tokens(wordLexer, text, braces ? 'braced_words' : 'words');
  return checked(parser.argumentWords());
}
