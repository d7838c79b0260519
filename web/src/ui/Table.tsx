// A table that on a narrow screen is a list of rows with the columns' names beside the
// values. Its roles are written out: a browser forgets them with the look of a table.
import './table.css';
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  name: string;
  cell(row: T): ComponentChildren;
  number?: boolean;
  wraps?: boolean; // others stay on one line
  unseen?: boolean; // its name is for screen readers
  less?: boolean; // left out on a narrow screen
}

interface Props<T> {
  name: string;
  columns: Column<T>[];
  rows: T[];
  id?: (row: T) => string;
  tall?: boolean; // as high as it is; others scroll
}

export function Table<T>({ name, columns, rows, id, tall }: Props<T>) {
  const style = (c: Column<T>): string => `${c.number ? 'number ' : ''}${c.wraps ? 'wraps ' : ''}${c.less ? 'less' : ''}`.trim();
  return (
    <div class={`table${tall ? ' tall' : ''}`} tabIndex={0} role="region" aria-label={name}>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((c) => (
              <th key={c.name} role="columnheader" scope="col" class={style(c)}>
                {c.unseen ? <span class="unseen">{c.name}</span> : c.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, i) => (
            <tr role="row" key={id?.(row) ?? i} id={id?.(row)}>
              {columns.map((c) => (
                <td key={c.name} role="cell" class={style(c)} data-name={c.unseen ? '' : c.name}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
