import t from 'tap'

t.test('a list longer than its pattern does not match, at any depth', async (t) => {
  t.notMatch([1, 2], [1])
  t.notMatch([1], [])
  t.notMatch({ status: 200, problems: ['a', 'b'] }, { problems: [/a/] })
  t.notMatch([[{ name: 'a', roles: ['x', 'y'] }]], [[{ roles: ['x'] }]])
  t.notMatch(new AggregateError([1, 2], 'both'), { errors: [1] })
  t.notHasStrict([1, 2], [1])
})

t.test('list elements still match as patterns, and objects may have more members', async (t) => {
  t.match([{ name: 'a', roles: ['x'] }, 'text'], [{ roles: Array }, /^t/])
  t.match({ problems: [] }, { problems: [] })
})
