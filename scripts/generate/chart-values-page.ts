type Schema = {
  description?: string
  default?: unknown
  enum?: readonly string[]
  properties?: Record<string, Schema>
}

const heading = `# Values of the Helm chart

<!-- Generated from deploy/helm/stagedoor/values.schema.json: do not edit. -->

How to use them: [kubernetes.md](kubernetes.md).

| value | default | meaning |
|---|---|---|
`

const rowsOf = (schema: Schema, path: readonly string[] = []): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const here = [...path, name]
    if (property.properties !== undefined) return rowsOf(property, here)
    return [`| \`${here.join('.')}\` | ${shownDefault(property)} | ${property.description ?? ''} |`]
  })

const shownDefault = ({ default: value }: Schema): string =>
  value === '' || value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

/** The table of the chart's values, from its JSON schema. */
export const chartValuesPage = (schemaText: string): string => {
  const schema: Schema = JSON.parse(schemaText)
  return `${heading}${rowsOf(schema).join('\n')}\n`
}
