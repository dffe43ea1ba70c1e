/** Facility 13 (log audit), severity 6 (informational): RFC 5424 §6.2.1. */
const priority = 13 * 8 + 6

/**
 * A record as a message of RFC 5424 with its length before it (RFC 6587 §3.4.1), so that no text in it can end it. The
 * record is JSON, in which every control character is escaped.
 * @param line a record of the trail
 */
export function syslogFrame(line: string, { hostName, processId }: { hostName: string; processId: number }): string {
  const { time, event } = JSON.parse(line) as { time: string; event: string }
  const message = `<${priority}>1 ${time} ${hostName.slice(0, 255) || '-'} stagedoor ${processId} ${event} - ${line}`
  return `${Buffer.byteLength(message)} ${message}`
}
