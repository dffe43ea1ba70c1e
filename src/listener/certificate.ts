import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** A certificate and its key, both PEM. */
export type Certificate = { cert: string; key: string }

type CertificateFiles = { certificate: string; key: string }

export type CertificateOptions = CertificateFiles & {
  /** Time between two reads of the files, ms. They are polled, because Kubernetes replaces them through symbolic links. */
  everyMs?: number
  onChanged?: (validTo: string) => void
  /** Called when the files cannot be used; the previous certificate stays in use. */
  onFailure?: (cause: unknown) => void
}

/** The certificate for new connections. It is replaced when its files change. */
export type CurrentCertificate = Awaited<ReturnType<typeof openCertificate>>

/**
 * Reads the files now and then periodically.
 * @throws when the files cannot be used at the start
 */
export async function openCertificate(options: CertificateOptions) {
  const { everyMs = 10_000, onChanged, onFailure } = options
  const listeners = new Set<(certificate: Certificate) => void>()
  let current = await readCertificate(options)
  let failure: string | undefined
  let looked = Promise.resolve()

  // Run the reads one after the other: one that began before the files were replaced must not end after one that saw the new files.
  function look(): Promise<void> {
    looked = looked.then(lookOnce)
    return looked
  }

  async function lookOnce(): Promise<void> {
    try {
      const found = await readCertificate(options)
      failure = undefined
      if (found.cert === current.cert && found.key === current.key) return
      current = found
      for (const listener of listeners) listener(found)
      onChanged?.(new X509Certificate(found.cert).validTo)
    } catch (cause) {
      // Partly replaced files are complete at the next read. A lasting failure is reported once.
      if (String(cause) === failure) return
      failure = String(cause)
      onFailure?.(cause)
    }
  }

  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return {
    current: (): Certificate => current,
    /** Reads the files now. */
    look,
    /** Why the files could not be used at the last read; undefined if they could. */
    failure: (): string | undefined => failure,
    /** Reads the files without using them. @throws when they cannot be used */
    check: async (): Promise<void> => void (await readCertificate(options)),
    onChange: (listener: (certificate: Certificate) => void): void => void listeners.add(listener),
    close: (): void => clearInterval(timer),
  }
}

async function readCertificate({ certificate, key: keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certificate, 'utf8'), readFile(keyFile, 'utf8')])
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new TypeError(`${keyFile} is not the key of the certificate in ${certificate}`)
  }
  return { cert, key }
}
