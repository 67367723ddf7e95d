import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the machine says of one running process. A field is null where this machine does not tell. */
interface ProcessFacts {
  /** Never the same for two processes with one number: numbers are handed out again, after a reboot above all. */
  readonly startMark: string | null;
  readonly command: string | null;
}

/** Looks a process up by its number; null when it does not run. A zombie does not run. */
export async function lookUpProcess(pid: number): Promise<ProcessFacts | null> {
  if (!takesSignals(pid)) return null;
  const facts = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  if (facts === 'zombie') return null;
  // It may have ended while we looked; or it may belong to another user and be hidden from us.
  return facts ?? (takesSignals(pid) ? { startMark: null, command: null } : null);
}

/** Waits until a process has ended, or until the time is over. True when it has ended. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while ((await lookUpProcess(pid)) !== null) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

function takesSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, but somebody else's
  }
}

async function fromProc(pid: number): Promise<ProcessFacts | 'zombie' | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold blanks: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'zombie';
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return { startMark: `${boot.trim()}/${fields[19]}`, command };
  } catch {
    return null;
  }
}

const PS_LINE = /^(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s+(.*)$/s;

async function fromPs(pid: number): Promise<ProcessFacts | 'zombie' | null> {
  try {
    const columns = ['-o', 'stat=', '-o', 'lstart=', '-o', 'command='];
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-p', String(pid), ...columns], {
      env: { LC_ALL: 'C' },
    });
    const [, state = '', startMark = '', command = ''] = PS_LINE.exec(stdout.trim()) ?? [];
    if (state.startsWith('Z')) return 'zombie';
    return startMark === '' ? null : { startMark, command };
  } catch {
    return null;
  }
}
