import { describe, expect, it } from 'vitest';
import { compileBoolean, ExprEvaluationError } from '../../../src/expr/index.ts';
import { fakeContext } from './fake-context.ts';
import { ANSWERS, EVALUATION_ERRORS, REFUSALS } from './measured.ts';

describe('conditions as httpd 2.4.71 answers them', () => {
  it.each(ANSWERS)('%j is %s', (source, answer) => {
    const compiled = compileBoolean(source);
    expect(compiled.ok ? undefined : compiled.error.message).toBeUndefined();
    if (compiled.ok) expect(compiled.expr.evaluate(fakeContext())).toBe(answer);
  });

  it.each(REFUSALS)('%j is refused: %s', (source, message) => {
    const compiled = compileBoolean(source);
    expect(compiled.ok ? undefined : compiled.error.message).toBe(message);
    if (compiled.ok) return;
    const { offset, length } = compiled.error;
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset + length).toBeLessThanOrEqual(source.length);
  });

  it.each(EVALUATION_ERRORS)('%j fails when evaluated: %s', (source, message) => {
    const compiled = compileBoolean(source);
    expect(compiled.ok).toBe(true);
    if (compiled.ok) {
      expect(() => compiled.expr.evaluate(fakeContext())).toThrow(ExprEvaluationError);
      expect(() => compiled.expr.evaluate(fakeContext())).toThrow(message);
    }
  });
});
