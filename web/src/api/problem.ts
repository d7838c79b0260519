// An error answer of the node (RFC 9457), or what stands for one when the node does not
// answer at all.
import { isProblemCode, type ProblemCode } from './codes';

export class Problem extends Error {
  /** seconds to wait before another try, where the node says so */
  retryAfter: number | null = null;
  /** the codec that cannot be played, with code "codec" */
  codec = '';

  constructor(
    readonly code: ProblemCode,
    readonly detail = '',
  ) {
    super(detail || code);
  }
}

/** asProblem is what was caught, as a problem; whatever else it is gets the code given. */
export function asProblem(err: unknown, code: ProblemCode = 'internal'): Problem {
  return err instanceof Problem ? err : new Problem(code, String(err));
}

/** problemOf reads an answer that is not a success. */
export async function problemOf(answer: Response): Promise<Problem> {
  let said: { code?: unknown; detail?: unknown; codec?: unknown } = {};
  try {
    said = (await answer.json()) as typeof said;
  } catch {
    // not JSON: something between us and the node has answered
  }
  const code = typeof said.code === 'string' ? said.code : byStatus(answer.status);
  const problem = new Problem(isProblemCode(code) ? code : byStatus(answer.status), word(said.detail));
  problem.codec = word(said.codec);
  const after = Number(answer.headers.get('Retry-After'));
  problem.retryAfter = after > 0 ? after : null;
  return problem;
}

function word(v: unknown): string {
  return typeof v === 'string' ? v : '';
}

function byStatus(status: number): ProblemCode {
  switch (status) {
    case 401:
      return 'login';
    case 403:
      return 'forbidden';
    case 404:
      return 'unknown-feed';
    case 406:
      return 'codec';
    case 409:
      return 'taken';
    case 429:
      return 'too-many-tries';
    case 503:
      return 'offline';
  }
  return status >= 500 ? 'internal' : 'bad-request';
}
