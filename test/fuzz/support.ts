import * as fc from 'fast-check'

/** CI makes a few runs with a fixed seed. `npm run fuzz` makes many, with a seed that a failure prints. */
export const fuzzParameters = {
  numRuns: Number(process.env['FUZZ_RUNS'] ?? 300),
  seed: Number(process.env['FUZZ_SEED'] ?? 20_261_129),
}

/** Names of inherited properties, which a lookup in a plain object finds. */
export const inheritedNames = [...Object.getOwnPropertyNames(Object.prototype), '__proto__']

/** Text that is difficult for parsers: separators, escapes, controls, lone surrogates, other scripts, great length. */
export const nastyText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc
      .array(
        fc.constantFrom(
          '/',
          '//',
          '..',
          '.',
          ';',
          '%2F',
          '%2e',
          '%25',
          '%00',
          '%',
          '\\',
          '@',
          ':',
          '[',
          ']',
          ',',
          '"',
          '=',
          ' ',
          '\t',
          '\r\n',
          '\0',
          'a',
          '1',
          '\ud83d',
          '\u212a',
          '{',
          '}',
          '?',
          '#',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom(...inheritedNames) },
  { weight: 1, arbitrary: fc.constantFrom('', 'a'.repeat(5_000), '9'.repeat(400), 'null', 'NaN', '-1', '1e999') },
)

/** JSON with odd values and inherited names. `__proto__` is an own member, as JSON.parse creates it. */
export const nastyJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    nastyText,
    fc.constantFrom(null, true, false, 0, -1, 1e300, []),
    fc.double(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(nastyText, tie('value')), { maxLength: 4 })
      .map(
        (members) =>
          JSON.parse(
            `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`).join(',')}}`,
          ) as unknown,
      ),
  ),
})).value
