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
    strided::gather,
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

/// How patches are cut so that they stay in the cache: all places into tiles, channels into blocks.
struct Plan {
    tiles: Vec<Tile>,
    blocks: Vec<Range<usize>>,
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

    /// Elements of a group of x, and of y.
    fn groups(&self) -> [usize; 2] {
        [self.inputs * self.plane(), self.outputs * self.places()]
    }

    /// How many groups of images make a piece of work.
    fn grain(&self) -> usize {
        (WORK / (self.outputs * self.depth() * self.places())).max(1)
    }

    /// Whether patches are the image itself, so that none are gathered.
    fn is_direct(&self) -> bool {
        self.slides.iter().all(Slide::is_identity)
    }

    /// Tiles of at most so many places, all about equally large.
    fn tiles(&self, most: usize) -> Vec<Tile> {
        let places = self.places();
        let columns = places.div_ceil(places.div_ceil(most)).next_multiple_of(16);
        let starts = (0..places).step_by(columns);
        starts.map(|start| Tile::new(&self.slides, start..places.min(start + columns))).collect()
    }

    fn plan(&self) -> Plan {
        let channels = self.inputs.div_ceil(self.depth().div_ceil(DEPTH));
        let starts = (0..self.inputs).step_by(channels);
        let blocks = starts.map(|start| start..self.inputs.min(start + channels)).collect();
        let most = if self.is_direct() { self.places() } else { (TILE / (channels * self.taps())).max(64) };
        Plan { tiles: self.tiles(most), blocks }
    }

    /// What the places of a tile hold in a group of y.
    fn columns<'y, F>(&self, y: &'y [F], tile: &Tile) -> Strided<'y, F> {
        let data = &y[tile.places.start..];
        Strided { data, rows: self.outputs, cols: tile.places.len(), row_step: self.places(), col_step: 1 }
    }
}

/// Memory for the patches of a tile, of so many rows.
fn memory<F: Float>(conv: &Conv, tiles: &[Tile], rows: usize) -> Buffer<F> {
    let most = tiles.iter().map(|tile| tile.places.len()).max().unwrap_or(0);
    Buffer::stale(if conv.is_direct() { 0 } else { most * rows })
}

/// As much of the memory as is needed.
fn part<F: Float>(memory: &mut Buffer<F>, elements: usize) -> &mut [F] {
    &mut memory.unshared().expect("fresh")[..elements]
}

/// y = W · patches of x, plus a bias for each channel.
pub(crate) fn forward<F: Float>(conv: &Conv, x: &[F], w: &[F], bias: Option<&[F]>, y: &mut [F]) {
    let (places, plane, outputs, depth, plan) =
        (conv.places(), conv.plane(), conv.outputs, conv.depth(), conv.plan());
    let [group_x, group_y] = conv.groups();
    // W by columns, which products pack faster.
    let mut columns = Buffer::stale(w.len());
    let steps = [outputs * depth, 1, depth].map(|step| step as isize);
    gather(w, 0, &[conv.groups, depth, outputs], &steps, part(&mut columns, w.len()));
    let w = columns.slice();
    pieces_of(y, group_y, conv.grain() * group_y, &|start, y| {
        let mut memory = memory(conv, &plan.tiles, plan.blocks[0].len() * conv.taps());
        for (i, y) in y.chunks_exact_mut(group_y).enumerate() {
            let at = start / group_y + i;
            let (group, x) = (at % conv.groups, &x[at * group_x..(at + 1) * group_x]);
            for (channel, y) in y.chunks_exact_mut(places).enumerate() {
                y.fill(bias.map_or(F::ZERO, |bias| bias[group * outputs + channel]));
            }
            for tile in &plan.tiles {
                let cols = tile.places.len();
                for block in &plan.blocks {
                    let (first, rows) = (block.start * tile.taps(), block.len() * tile.taps());
                    let x = &x[block.start * plane..block.end * plane];
                    let (data, row_step) = if conv.is_direct() {
                        (&x[tile.places.start..], plane)
                    } else {
                        let patches = part(&mut memory, rows * cols);
                        tile.gather(x, plane, patches);
                        (&*patches, cols)
                    };
                    let patches = Strided { data, rows, cols, row_step, col_step: 1 };
                    let data = &w[(group * depth + first) * outputs..];
                    let w = Strided { data, rows: outputs, cols: rows, row_step: 1, col_step: outputs };
                    strided(w, patches, &mut y[tile.places.start..], places, true);
                }
            }
        }
    });
}

/// x = Wᵀ · y, each row added to what its tap sees: the gradient of x, for y a gradient.
pub(crate) fn transposed<F: Float>(conv: &Conv, y: &[F], w: &[F], x: &mut [F]) {
    let (plane, outputs, depth, plan) = (conv.plane(), conv.outputs, conv.depth(), conv.plan());
    let [group_x, group_y] = conv.groups();
    pieces_of(x, group_x, conv.grain() * group_x, &|start, x| {
        let mut memory = memory(conv, &plan.tiles, plan.blocks[0].len() * conv.taps());
        x.fill(F::ZERO);
        for (i, x) in x.chunks_exact_mut(group_x).enumerate() {
            let at = start / group_x + i;
            let (w, y) = (&w[at % conv.groups * outputs * depth..], &y[at * group_y..(at + 1) * group_y]);
            for tile in &plan.tiles {
                let y = conv.columns(y, tile);
                for block in &plan.blocks {
                    let (data, rows) = (&w[block.start * tile.taps()..], block.len() * tile.taps());
                    let w = Strided { data, rows, cols: outputs, row_step: 1, col_step: depth };
                    let x = &mut x[block.start * plane..block.end * plane];
                    if conv.is_direct() {
                        strided(w, y, &mut x[tile.places.start..], plane, false);
                    } else {
                        let patches = part(&mut memory, rows * y.cols);
                        strided(w, y, patches, y.cols, false);
                        tile.add(patches, plane, x);
                    }
                }
            }
        }
    });
}

/// W = Σ over images of y · patches of xᵀ: the gradient of W, for y a gradient.
///
/// Patches are rows here, which are made of whole runs when channels lie side by side. So each image is
/// transposed first, and the sum last.
pub(crate) fn weight<F: Float>(conv: &Conv, x: &[F], y: &[F], w: &mut [F]) {
    let (depth, inputs) = (conv.depth(), conv.inputs);
    let tiles = conv.tiles((2 * TILE / depth).max(128));
    let mut sum = Buffer::stale(w.len());
    images(conv, &tiles, 0..conv.images, x, y, part(&mut sum, w.len()));
    let dims = [conv.groups * conv.outputs, inputs, conv.taps()];
    gather(sum.slice(), 0, &dims, &[depth as isize, 1, inputs as isize], w);
}

/// The sum over a range of images. Halves are summed apart and then added, so that the order is the same at
/// any number of threads.
fn images<F: Float>(conv: &Conv, tiles: &[Tile], range: Range<usize>, x: &[F], y: &[F], w: &mut [F]) {
    if range.len() > conv.grain() {
        let middle = range.start + range.len() / 2;
        let mut second = Buffer::stale(w.len());
        let right = part(&mut second, w.len());
        rayon_core::join(
            || images(conv, tiles, range.start..middle, x, y, w),
            || images(conv, tiles, middle..range.end, x, y, right),
        );
        for (sum, &v) in w.iter_mut().zip(&*right) {
            *sum += v;
        }
        return;
    }
    w.fill(F::ZERO);
    let (depth, plane, [group_x, group_y]) = (conv.depth(), conv.plane(), conv.groups());
    let (mut side_by_side, mut memory) = (Buffer::stale(group_x), memory(conv, tiles, depth));
    for at in range.start * conv.groups..range.end * conv.groups {
        let (x, y) = (&x[at * group_x..(at + 1) * group_x], &y[at * group_y..(at + 1) * group_y]);
        let w = &mut w[at % conv.groups * conv.outputs * depth..][..conv.outputs * depth];
        gather(x, 0, &[plane, conv.inputs], &[1, plane as isize], part(&mut side_by_side, group_x));
        let x = side_by_side.slice();
        for tile in tiles {
            let rows = tile.places.len();
            let data = if conv.is_direct() {
                &x[tile.places.start * depth..]
            } else {
                let patches = part(&mut memory, rows * depth);
                tile.gather_rows(x, conv.inputs, patches);
                &*patches
            };
            let patches = Strided { data, rows, cols: depth, row_step: depth, col_step: 1 };
            strided(conv.columns(y, tile), patches, w, depth, true);
        }
    }
}
