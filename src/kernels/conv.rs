//! Convolutions as products with patches, which are gathered tile by tile, so that a tile is still in
//! the cache when it is multiplied. Images are spread over threads.
//!
//! An image is channels × elements, a weight is outputs × (inputs × taps), a result is outputs × places, each
//! in as many groups, which do not meet.
#![forbid(unsafe_code)]

use super::{
    Float,
    buffer::Buffer,
    gemm::{Strided, strided},
    parallel::pieces_of,
    window::{Slide, Slides, Tile},
};
use std::ops::Range;

/// The sizes of a convolution, none of them 0.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    pub(crate) images: usize,
    pub(crate) groups: usize,
    /// Channels of a group of x.
    pub(crate) inputs: usize,
    /// Channels of a group of y.
    pub(crate) outputs: usize,
    pub(crate) slides: Slides,
}

/// Patch rows of one product: the depth to which `matrixmultiply` blocks as well.
const DEPTH: usize = 256;
/// Elements of a tile of patches, which stay in the second-level cache beside their packed copy.
const TILE: usize = 1 << 15;
/// Multiplications that a thread is worth waking for.
const WORK: usize = 1 << 21;

/// The tiles of all places, and the channels that a product takes at once.
struct Plan {
    tiles: Vec<Tile>,
    channels: usize,
    /// A patch is the image itself.
    direct: bool,
}

impl Conv {
    fn product(&self, of: impl Fn(&Slide) -> usize) -> usize {
        self.slides.iter().map(of).product()
    }

    /// Elements of a channel of x.
    fn plane(&self) -> usize {
        self.product(|slide| slide.size)
    }

    /// Elements of a channel of y.
    fn places(&self) -> usize {
        self.product(|slide| slide.places)
    }

    fn taps(&self) -> usize {
        self.product(|slide| slide.taps)
    }

    /// Rows of all patches of a group.
    fn depth(&self) -> usize {
        self.inputs * self.taps()
    }

    /// How many groups of images make a piece of work.
    fn grain(&self) -> usize {
        (WORK / (self.outputs * self.depth() * self.places()).max(1)).max(1)
    }

    fn plan(&self) -> Plan {
        let direct = self.slides.iter().all(Slide::is_identity);
        let channels = self.inputs.div_ceil(self.depth().div_ceil(DEPTH));
        let most = if direct { self.places() } else { (TILE / (channels * self.taps())).max(64) };
        let columns = self.places().div_ceil(self.places().div_ceil(most)).next_multiple_of(16);
        let starts = (0..self.places()).step_by(columns);
        let tiles =
            starts.map(|start| Tile::new(&self.slides, start..self.places().min(start + columns))).collect();
        Plan { tiles, channels, direct }
    }

    /// Columns `rows` of a group's weight, rows and columns exchanged or not.
    fn weight<'w, F>(&self, w: &'w [F], group: usize, rows: &Range<usize>) -> Strided<'w, F> {
        let depth = self.depth();
        let data = &w[group * self.outputs * depth..][rows.start..];
        Strided { data, rows: self.outputs, cols: rows.len(), row_step: depth, col_step: 1 }
    }

    /// What the places of a tile hold in a group of y.
    fn columns<'y, F>(&self, y: &'y [F], tile: &Tile) -> Strided<'y, F> {
        let data = &y[tile.places.start..];
        Strided { data, rows: self.outputs, cols: tile.places.len(), row_step: self.places(), col_step: 1 }
    }
}

impl Plan {
    /// Memory for the patches of a tile.
    fn memory<F: Float>(&self) -> Buffer<F> {
        let most = self.tiles.iter().map(|tile| tile.taps() * tile.places.len()).max().unwrap_or(0);
        Buffer::stale(if self.direct { 0 } else { self.channels * most })
    }

    /// Calls `product(rows, patches)` for each block of channels of a tile.
    fn blocks<F: Float>(
        &self,
        conv: &Conv,
        tile: &Tile,
        x: &[F],
        memory: &mut Buffer<F>,
        mut product: impl FnMut(Range<usize>, Strided<'_, F>),
    ) {
        let (plane, columns) = (conv.plane(), tile.places.len());
        for first in (0..conv.inputs).step_by(self.channels) {
            let channels = first..conv.inputs.min(first + self.channels);
            let rows = channels.start * tile.taps()..channels.end * tile.taps();
            let x = &x[channels.start * plane..channels.end * plane];
            let data = if self.direct {
                &x[tile.places.start..]
            } else {
                let patches = &mut memory.unshared().expect("fresh")[..rows.len() * columns];
                tile.gather(x, plane, patches);
                &*patches
            };
            let row_step = if self.direct { plane } else { columns };
            let patches = Strided { data, rows: rows.len(), cols: columns, row_step, col_step: 1 };
            product(rows, patches);
        }
    }
}

impl<F> Strided<'_, F> {
    fn transposed(self) -> Self {
        let Strided { data, rows, cols, row_step, col_step } = self;
        Strided { data, rows: cols, cols: rows, row_step: col_step, col_step: row_step }
    }
}

/// y = W · patches of x, plus a bias for each channel.
pub(crate) fn forward<F: Float>(conv: &Conv, x: &[F], w: &[F], bias: Option<&[F]>, y: &mut [F]) {
    let (places, plan) = (conv.places(), conv.plan());
    let (group_x, group_y) = (conv.inputs * conv.plane(), conv.outputs * places);
    pieces_of(y, group_y, conv.grain() * group_y, &|start, y| {
        let mut memory = plan.memory();
        for (i, y) in y.chunks_exact_mut(group_y).enumerate() {
            let at = start / group_y + i;
            let group = at % conv.groups;
            for (channel, y) in y.chunks_exact_mut(places).enumerate() {
                y.fill(bias.map_or(F::ZERO, |bias| bias[group * conv.outputs + channel]));
            }
            let x = &x[at * group_x..(at + 1) * group_x];
            for tile in &plan.tiles {
                plan.blocks(conv, tile, x, &mut memory, |rows, patches| {
                    let w = conv.weight(w, group, &rows);
                    strided(w, patches, &mut y[tile.places.start..], places, true);
                });
            }
        }
    });
}

/// x = Wᵀ · y, each row added to what its tap sees: the gradient of x, for y a gradient.
pub(crate) fn transposed<F: Float>(conv: &Conv, y: &[F], w: &[F], x: &mut [F]) {
    let (plane, plan) = (conv.plane(), conv.plan());
    let (group_x, group_y) = (conv.inputs * plane, conv.outputs * conv.places());
    pieces_of(x, group_x, conv.grain() * group_x, &|start, x| {
        let mut memory = plan.memory();
        x.fill(F::ZERO);
        for (i, x) in x.chunks_exact_mut(group_x).enumerate() {
            let at = start / group_x + i;
            let y = &y[at * group_y..(at + 1) * group_y];
            for tile in &plan.tiles {
                let y = conv.columns(y, tile);
                for first in (0..conv.inputs).step_by(plan.channels) {
                    let channels = first..conv.inputs.min(first + plan.channels);
                    let rows = channels.start * tile.taps()..channels.end * tile.taps();
                    let w = conv.weight(w, at % conv.groups, &rows).transposed();
                    let x = &mut x[channels.start * plane..channels.end * plane];
                    if plan.direct {
                        strided(w, y, &mut x[tile.places.start..], plane, false);
                    } else {
                        let patches = &mut memory.unshared().expect("fresh")[..rows.len() * y.cols];
                        strided(w, y, patches, y.cols, false);
                        tile.add(patches, plane, x);
                    }
                }
            }
        }
    });
}

/// W = Σ over images of y · patches of xᵀ: the gradient of W, for y a gradient.
pub(crate) fn weight<F: Float>(conv: &Conv, x: &[F], y: &[F], w: &mut [F]) {
    images(conv, &conv.plan(), 0..conv.images, x, y, w);
}

/// The sum over a range of images. Halves are summed apart and then added, so that the order is the same at
/// any number of threads.
fn images<F: Float>(conv: &Conv, plan: &Plan, range: Range<usize>, x: &[F], y: &[F], w: &mut [F]) {
    if range.len() > conv.grain() {
        let middle = range.start + range.len() / 2;
        let mut second = Buffer::stale(w.len());
        let right = second.unshared().expect("fresh");
        rayon::join(
            || images(conv, plan, range.start..middle, x, y, w),
            || images(conv, plan, middle..range.end, x, y, right),
        );
        for (sum, &v) in w.iter_mut().zip(&*right) {
            *sum += v;
        }
        return;
    }
    w.fill(F::ZERO);
    let (depth, mut memory) = (conv.depth(), plan.memory());
    let (group_x, group_y) = (conv.inputs * conv.plane(), conv.outputs * conv.places());
    for at in range.start * conv.groups..range.end * conv.groups {
        let (x, y) = (&x[at * group_x..(at + 1) * group_x], &y[at * group_y..(at + 1) * group_y]);
        let w = &mut w[at % conv.groups * conv.outputs * depth..][..conv.outputs * depth];
        for tile in &plan.tiles {
            let y = conv.columns(y, tile);
            plan.blocks(conv, tile, x, &mut memory, |rows, patches| {
                strided(y, patches.transposed(), &mut w[rows.start..], depth, true);
            });
        }
    }
}
