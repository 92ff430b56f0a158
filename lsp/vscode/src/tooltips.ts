/** Markdown as plain lines: cells of notebooks show no other tooltips. */

/** `**$1** today`, a table of rows: each becomes a line. */
export function plainLines(markdown: string): string {
  return markdown
    .split('\n')
    .filter(line => !/^\s*\|[\s|:-]+\|\s*$/.test(line))
    .map(line => bare(cellsOf(line)))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function cellsOf(line: string): string {
  const row = line.trim();
  if (!row.startsWith('|') || !row.endsWith('|')) {
    return line;
  }
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(cell => cell.trim())
    .filter(cell => cell !== '')
    .join(' · ');
}

function bare(line: string): string {
  return line.replace(/(?<!\\)\*\*/g, '').replace(/\\([^A-Za-z0-9\s])/g, '$1');
}
