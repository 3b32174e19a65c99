// Where the jobs of a graph stand: columns by the longest path that leads to a job, rows so that few edges cross and
// jobs stand beside their neighbours. The program draws its graphs by the same rules (Sugiyama, Tagawa, Toda 1981). Pure.

/** Rounds of ordering and of positions; more change little. */
const ROUNDS = 8;
/** Most places for edges that pass columns; with more, such edges run straight. */
const MOST_BENDS = 20_000;

/**
 * Lays out `count` nodes.
 * @param {number} count
 * @param {[number, number][]} edges from what comes before to what comes after; those of a cycle are left out
 * @returns {{ columns: number[], rows: number[], paths: [number, number][][] }} columns and rows in units of one node;
 *   each edge as the column and row of the places that it runs through
 */
export function layout(count, edges) {
  const columns = longestPaths(count, edges);
  const forward = edges.filter(([from, to]) => columns[to] > columns[from]);
  const bends = forward.reduce((sum, [from, to]) => sum + columns[to] - columns[from] - 1, 0);
  const grid = { column: [...columns], before: [], after: [], row: [], members: [] };
  for (const column of columns) enter(grid, column);
  const chains = forward.map(([from, to]) => {
    const between = bends > MOST_BENDS ? 0 : columns[to] - columns[from] - 1;
    const chain = [from];
    for (let step = 1; step <= between; step++) {
      grid.column.push(columns[from] + step);
      chain.push(enter(grid, columns[from] + step));
    }
    chain.push(to);
    for (let at = 1; at < chain.length; at++) {
      grid.after[chain[at - 1]].push(chain[at]);
      grid.before[chain[at]].push(chain[at - 1]);
    }
    return chain;
  });
  for (let column = 0; column < grid.members.length; column++) grid.members[column] ??= [];
  order(grid);
  place(grid);
  const paths = chains.map((chain) => chain.map((node) => [grid.column[node], grid.row[node]]));
  return { columns, rows: grid.row.slice(0, count), paths };
}

function enter(grid, column) {
  const node = grid.row.length;
  grid.before.push([]);
  grid.after.push([]);
  grid.members[column] ??= [];
  grid.row.push(grid.members[column].push(node) - 1);
  return node;
}

function longestPaths(count, edges) {
  const after = Array.from({ length: count }, () => []);
  const open = new Array(count).fill(0);
  for (const [from, to] of edges) {
    after[from].push(to);
    open[to]++;
  }
  const columns = new Array(count).fill(0);
  const ready = columns.map((_, node) => node).filter((node) => open[node] === 0);
  while (ready.length) {
    const node = ready.pop();
    for (const next of after[node]) {
      columns[next] = Math.max(columns[next], columns[node] + 1);
      if (--open[next] === 0) ready.push(next);
    }
  }
  return columns;
}

function mean(grid, nodes) {
  return nodes.length ? nodes.reduce((sum, node) => sum + grid.row[node], 0) / nodes.length : null;
}

/** Column by column, to and fro. */
function sweep(grid, each) {
  for (let round = 0; round < ROUNDS; round++) {
    const neighbours = round % 2 === 0 ? grid.before : grid.after;
    const columns = [...grid.members.keys()];
    for (const column of round % 2 === 0 ? columns : columns.reverse()) {
      const wish = (node) => mean(grid, neighbours[node]) ?? grid.row[node];
      each(column, wish);
    }
  }
}

/** Orders each column by where its neighbours stand. */
function order(grid) {
  sweep(grid, (column, wish) => {
    const wished = grid.members[column].map((node) => [wish(node), node]);
    wished.sort((a, b) => a[0] - b[0]);
    grid.members[column] = wished.map(([, node]) => node);
    number(grid, column);
  });
}

/** Moves each node towards its neighbours as far as the order allows. */
function place(grid) {
  grid.members.forEach((_, column) => number(grid, column));
  sweep(grid, (column, wish) => {
    const rows = apart(grid.members[column].map(wish));
    grid.members[column].forEach((node, at) => (grid.row[node] = rows[at]));
  });
  let top = Infinity;
  for (const row of grid.row) top = Math.min(top, row);
  if (Number.isFinite(top)) grid.row = grid.row.map((row) => row - top);
}

function number(grid, column) {
  grid.members[column].forEach((node, at) => (grid.row[node] = at));
}

/**
 * The rows nearest to `wishes` in their order and at least one apart: those that would collide become a block about the
 * mean of what they wish.
 * @param {number[]} wishes
 * @returns {number[]}
 */
export function apart(wishes) {
  const blocks = [];
  for (const wish of wishes) {
    let block = { sum: wish, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count + last.count > block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum - last.count * block.count, count: last.count + block.count };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ sum, count }) => Array.from({ length: count }, (_, at) => sum / count + at));
}
