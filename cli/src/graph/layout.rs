//! Where the jobs of a graph stand in a picture: columns by longest path, rows so that few edges cross.
//!
//! After Sugiyama, Tagawa and Toda (1981): layers, then barycentres, then positions. An edge over several columns runs
//! through a place of its own in each, so that it never hides behind a job.

/// A laid out graph. Columns and rows are in units of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The column of each node, from 0.
    pub columns: Vec<usize>,
    /// The row of each node; not always whole.
    pub rows: Vec<f64>,
    /// Each edge as the places that it runs through, from column to column.
    pub paths: Vec<Vec<(usize, f64)>>,
}

/// Sweeps of ordering and of positions; more change little.
const SWEEPS: usize = 8;

/// More places for edges than this are not made: such edges run straight.
const MAX_BENDS: usize = 20_000;

/// Lays out `count` nodes. An edge goes from what comes before to what comes after; edges of a cycle are ignored.
pub fn layout(count: usize, edges: &[(usize, usize)]) -> Layout {
    let columns = columns(count, edges);
    let spans = edges.iter().map(|(from, to)| columns[*to].saturating_sub(columns[*from] + 1)).sum::<usize>();
    let mut grid = Grid::new(&columns);
    let mut chains = Vec::with_capacity(edges.len());
    for (from, to) in edges {
        let mut chain = vec![*from];
        if columns[*to] > columns[*from] {
            if spans <= MAX_BENDS {
                chain.extend((columns[*from] + 1..columns[*to]).map(|column| grid.add(column)));
            }
            chain.push(*to);
            for pair in chain.windows(2) {
                grid.connect(pair[0], pair[1]);
            }
        }
        chains.push(chain);
    }
    grid.order();
    grid.place();
    let paths =
        chains.iter().map(|chain| chain.iter().map(|node| (grid.columns[*node], grid.rows[*node])).collect()).collect();
    Layout { rows: grid.rows[..count].to_vec(), columns, paths }
}

/// The length of the longest path that leads to each node.
fn columns(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut after = vec![Vec::new(); count];
    let mut open = vec![0_usize; count];
    for (from, to) in edges {
        after[*from].push(*to);
        open[*to] += 1;
    }
    let mut columns = vec![0; count];
    let mut ready: Vec<_> = (0..count).filter(|node| open[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for next in &after[node] {
            columns[*next] = columns[*next].max(columns[node] + 1);
            open[*next] -= 1;
            if open[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    columns
}

/// Nodes and bends in their columns.
struct Grid {
    columns: Vec<usize>,
    members: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    rows: Vec<f64>,
}

impl Grid {
    fn new(columns: &[usize]) -> Self {
        let mut members = vec![Vec::new(); columns.iter().max().map_or(0, |last| last + 1)];
        for (node, column) in columns.iter().enumerate() {
            members[*column].push(node);
        }
        let count = columns.len();
        Self {
            columns: columns.to_vec(),
            members,
            before: vec![Vec::new(); count],
            after: vec![Vec::new(); count],
            rows: vec![0.0; count],
        }
    }

    fn add(&mut self, column: usize) -> usize {
        let node = self.columns.len();
        self.columns.push(column);
        self.members[column].push(node);
        self.before.push(Vec::new());
        self.after.push(Vec::new());
        self.rows.push(0.0);
        node
    }

    fn connect(&mut self, from: usize, to: usize) {
        self.after[from].push(to);
        self.before[to].push(from);
    }

    /// Orders each column by the mean of its neighbours' rows, to and fro.
    fn order(&mut self) {
        self.number();
        for sweep in 0..SWEEPS {
            for step in 0..self.members.len() {
                let forward = sweep % 2 == 0;
                let column = if forward { step } else { self.members.len() - 1 - step };
                let mut members = std::mem::take(&mut self.members[column]);
                let wish = |node: &usize| self.mean(if forward { &self.before[*node] } else { &self.after[*node] });
                let mut wished: Vec<_> =
                    members.iter().map(|node| (wish(node).unwrap_or(self.rows[*node]), *node)).collect();
                wished.sort_by(|a, b| a.0.total_cmp(&b.0));
                members.clear();
                members.extend(wished.iter().map(|(_, node)| *node));
                for (row, node) in members.iter().enumerate() {
                    self.rows[*node] = as_row(row);
                }
                self.members[column] = members;
            }
        }
    }

    /// Moves each node towards its neighbours as far as the order and a distance of one row allow.
    fn place(&mut self) {
        self.number();
        for sweep in 0..SWEEPS {
            for step in 0..self.members.len() {
                let column = if sweep % 2 == 0 { step } else { self.members.len() - 1 - step };
                let wishes: Vec<_> = self.members[column]
                    .iter()
                    .map(|node| {
                        let neighbours = if sweep % 2 == 0 { &self.before[*node] } else { &self.after[*node] };
                        self.mean(neighbours).unwrap_or(self.rows[*node])
                    })
                    .collect();
                for (node, row) in self.members[column].iter().zip(apart(&wishes)) {
                    self.rows[*node] = row;
                }
            }
        }
        let top = self.rows.iter().copied().fold(f64::INFINITY, f64::min);
        if top.is_finite() {
            self.rows.iter_mut().for_each(|row| *row -= top);
        }
    }

    fn number(&mut self) {
        for members in &self.members {
            for (row, node) in members.iter().enumerate() {
                self.rows[*node] = as_row(row);
            }
        }
    }

    fn mean(&self, nodes: &[usize]) -> Option<f64> {
        (!nodes.is_empty()).then(|| nodes.iter().map(|node| self.rows[*node]).sum::<f64>() / as_row(nodes.len()))
    }
}

/// The positions nearest to `wishes` that keep their order and a distance of one: neighbours that would collide form a
/// block around the mean of what they wish.
fn apart(wishes: &[f64]) -> Vec<f64> {
    // Each block: the sum of what its members wish of its beginning, and how many they are.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for wish in wishes {
        let mut block = (*wish, 1);
        while let Some((sum, count)) = blocks.last().copied() {
            let start = sum / as_row(count);
            if start + as_row(count) <= block.0 / as_row(block.1) {
                break;
            }
            blocks.pop();
            block = (sum + block.0 - as_row(count) * as_row(block.1), count + block.1);
        }
        blocks.push(block);
    }
    blocks
        .iter()
        .flat_map(|(sum, count)| {
            let start = sum / as_row(*count);
            (0..*count).map(move |at| start + as_row(at))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a picture has far fewer than 2^52 rows")]
fn as_row(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diamond_is_symmetric() {
        let layout = layout(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert_eq!(layout.columns, [0, 1, 1, 2]);
        assert_eq!(layout.rows, [0.5, 0.0, 1.0, 0.5]);
    }

    #[test]
    fn an_edge_over_several_columns_goes_around_the_jobs_between() {
        let layout = layout(3, &[(0, 1), (1, 2), (0, 2)]);
        let bend = layout.paths[2][1];
        assert_eq!(bend.0, 1);
        assert!((bend.1 - layout.rows[1]).abs() >= 1.0, "{layout:?}");
    }

    #[test]
    fn crossings_are_undone() {
        // a→y, b→x: as written they cross.
        let layout = layout(4, &[(0, 3), (1, 2)]);
        assert!((layout.rows[0] - layout.rows[3]).abs() < 0.01, "{layout:?}");
    }

    #[test]
    fn jobs_of_a_column_keep_their_distance() {
        for wishes in [vec![0.0, 0.0, 0.0], vec![5.0, 1.0, 1.2], vec![-1.0, 0.0, 7.0], vec![]] {
            let rows = apart(&wishes);
            assert_eq!(rows.len(), wishes.len());
            assert!(rows.windows(2).all(|pair| pair[1] - pair[0] > 0.999), "{wishes:?} gave {rows:?}");
        }
    }

    #[test]
    fn cycles_and_emptiness_do_no_harm() {
        assert_eq!(layout(0, &[]).columns, [0_usize; 0]);
        let cycle = layout(2, &[(0, 1), (1, 0)]);
        assert_eq!(cycle.columns, [0, 0]);
        assert!(layout(1, &[(0, 0)]).rows.iter().all(|row| row.is_finite()));
    }
}
