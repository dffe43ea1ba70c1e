import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** A certificate and its key, both PEM. */
export type Certificate = { cert: string; key: string }

type CertificateFiles = { certificate: string; key: string }

export type CertificateOptions = CertificateFiles & {
  /** Between two looks at the files, ms. They are not watched, because Kubernetes replaces them through symbolic links. */
  everyMs?: number
  onChanged?: (validTo: string) => void
  /** Called when the files cannot be used; the previous certificate stays in use. */
  onFailure?: (cause: unknown) => void
}

/** The certificate for new connections, which follows its files. */
export type CurrentCertificate = Awaited<ReturnType<typeof openCertificate>>

/**
 * Reads the files, and again every now and then.
 * @throws when they cannot be used at the start
 */
export async function openCertificate(options: CertificateOptions) {
  const { everyMs = 10_000, onChanged, onFailure } = options
  const listeners = new Set<(certificate: Certificate) => void>()
  let current = await readCertificate(options)
  let failure: string | undefined
  let looked = Promise.resolve()

  // One after the other: a look that began before the files were replaced must not end after one that saw the new.
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
      // Half replaced files are whole at the next look; what stays wrong is said once.
      if (String(cause) === failure) return
      failure = String(cause)
      onFailure?.(cause)
    }
  }

  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return {
    current: (): Certificate => current,
    /** Looks at the files now. */
    look,
    /** Why the files could not be used when they were looked at last. */
    failure: (): string | undefined => failure,
    /** @throws when the files cannot be used as they are now */
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
