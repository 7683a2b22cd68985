//! The pictures of a training run: its curves, its confusion matrix, its worst mistakes.
//!
//! Each picture is drawn in memory and then put in place by a rename, so a file is either whole or
//! not there.

use std::{
    error::Error,
    ffi::OsString,
    fmt::Display,
    fs, io,
    ops::{Range, RangeInclusive},
    path::Path,
    process,
};

use plotters::{
    coord::{
        Shift,
        ranged1d::{DefaultFormatting, KeyPointHint},
        types::RangedCoordf64,
    },
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const INK: RGBColor = RGBColor(38, 38, 38);
const MUTED: RGBColor = RGBColor(120, 120, 120);
const GRID: RGBColor = RGBColor(226, 226, 226);
// Blue and vermillion of Okabe and Ito: apart for every kind of colour vision, and in grey.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILLION: RGBColor = RGBColor(213, 94, 0);

/// What one epoch of training came to.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    /// Mean training loss.
    pub(crate) loss: f64,
    /// Training accuracy, from 0 to 1.
    pub(crate) accuracy: f64,
    /// Validation loss and accuracy, if the epoch was validated.
    pub(crate) validation: Option<(f64, f64)>,
}

/// An image that was put into the wrong class.
#[derive(Clone, Debug)]
pub(crate) struct Mistake<'a> {
    /// The image row by row, from 0 (drawn black) to 255 (drawn white).
    pub(crate) pixels: &'a [u8],
    /// Its true class.
    pub(crate) label: u8,
    /// The class it was put into.
    pub(crate) predicted: u8,
    /// The probability given to `predicted`, from 0 to 1.
    pub(crate) confidence: f32,
}

/// Draws loss and accuracy against the epoch, side by side, as SVG.
///
/// Values that are not finite leave a gap in their line.
///
/// # Errors
///
/// If there is no epoch, or the file cannot be written.
pub(crate) fn training_curves(path: &Path, epochs: &[Epoch]) -> Result<(), Box<dyn Error>> {
    if epochs.is_empty() {
        return Err(named(path, "no epochs to draw"));
    }
    let mut svg = String::new();
    draw_curves(&mut svg, epochs).map_err(|e| named(path, e))?;
    write_atomically(path, |tmp| fs::write(tmp, &svg))
}

/// Draws how often each class (down) was taken for each class (across), as SVG.
///
/// `counts` has one row per true class; `names` names the classes in the same order.
///
/// # Errors
///
/// If `counts` is empty, not square, all zero or does not fit `names`, or the file cannot be
/// written.
pub(crate) fn confusion_matrix(
    path: &Path,
    counts: &[Vec<u64>],
    names: &[String],
) -> Result<(), Box<dyn Error>> {
    let n = counts.len();
    if n == 0 {
        return Err(named(path, "no classes to draw"));
    }
    if let Some(row) = counts.iter().find(|row| row.len() != n) {
        return Err(named(path, format!("a matrix of {n} classes has a row of {} counts", row.len())));
    }
    if names.len() != n {
        return Err(named(path, format!("{} names for {n} classes", names.len())));
    }
    if counts.iter().flatten().all(|&count| count == 0) {
        return Err(named(path, "no predictions to draw"));
    }
    let mut svg = String::new();
    draw_matrix(&mut svg, counts, names).map_err(|e| named(path, e))?;
    write_atomically(path, |tmp| fs::write(tmp, &svg))
}

/// Draws the first [`MOST_MISTAKES`] images of `rows` by `cols` pixels in a grid, as PNG.
///
/// Under each stand its label, what it was taken for, and how confidently: `4 > 9  98%`.
///
/// # Errors
///
/// If there is no mistake or no pixel to draw, an image is not `rows` by `cols`, or the file cannot
/// be written.
pub(crate) fn worst_mistakes(
    path: &Path,
    rows: usize,
    cols: usize,
    mistakes: &[Mistake<'_>],
) -> Result<(), Box<dyn Error>> {
    let mistakes = &mistakes[..mistakes.len().min(MOST_MISTAKES)];
    if mistakes.is_empty() {
        return Err(named(path, "no mistakes to draw"));
    }
    if rows == 0 || cols == 0 {
        return Err(named(path, format!("images of {rows}x{cols} pixels cannot be drawn")));
    }
    if let Some(m) = mistakes.iter().find(|m| Some(m.pixels.len()) != rows.checked_mul(cols)) {
        return Err(named(path, format!("an image of {rows}x{cols} has {} pixels", m.pixels.len())));
    }
    let png = draw_mistakes(rows, cols, mistakes).map_err(|e| named(path, e))?;
    write_atomically(path, |tmp| fs::write(tmp, &png))
}

fn named(path: &Path, what: impl Display) -> Box<dyn Error> {
    format!("{}: {what}", path.display()).into()
}

/// Has `write` fill a temporary file beside `path`, then renames it to `path`.
///
/// Whatever fails, the temporary goes and an older `path` stays as it was.
fn write_atomically(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Box<dyn Error>> {
    let name = path.file_name().ok_or_else(|| named(path, "not the name of a file"))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", process::id()));
    let tmp = path.with_file_name(hidden);
    write(&tmp).and_then(|()| fs::rename(&tmp, path)).map_err(|e| {
        // It may never have been created; the first error is the one to tell.
        let _ = fs::remove_file(&tmp);
        named(path, e)
    })
}

/// A text style whose `size` is the font size in pixels.
fn font(size: f64, colour: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    // The SVG backend divides the size it is given by 1.24.
    ("sans-serif", size * 1.24).into_font().color(&colour).pos(Pos::new(h, v))
}

/// About how wide `text` is at a font size of 1.
fn width(text: &str) -> f64 {
    0.6 * text.chars().count() as f64
}

// ---- Training curves ----

/// A line through points (epoch, value); `hollow` markers tell it from the other without colour.
struct Curve {
    points: Vec<(f64, f64)>,
    colour: RGBColor,
    hollow: bool,
}

fn draw_curves(svg: &mut String, epochs: &[Epoch]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::with_string(svg, (900, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let (legend, panels) = root.split_vertically(36);

    // Each entry: a sample of the line, then its name; the entries are centred together.
    let entries: &[(&str, RGBColor, bool)] = if epochs.iter().any(|e| e.validation.is_some()) {
        &[("training", BLUE, false), ("validation", VERMILLION, true)]
    } else {
        &[("training", BLUE, false)]
    };
    let mut x = 450 - 60 * entries.len() as i32;
    for &(name, colour, hollow) in entries {
        legend.draw(&PathElement::new([(x, 22), (x + 32, 22)], colour.stroke_width(2)))?;
        draw_marker(&legend, (x + 16, 22), colour, hollow)?;
        legend.draw_text(name, &font(14.0, INK, HPos::Left, VPos::Center), (x + 40, 22))?;
        x += 130;
    }

    let (left, right) = panels.split_horizontally(450);
    let losses = curves(epochs, |e| e.loss, |v| v.0);
    draw_panel(&left, "loss", epochs.len(), &losses, f64::NEG_INFINITY..=f64::INFINITY)?;
    let accuracies = curves(epochs, |e| 100.0 * e.accuracy, |v| 100.0 * v.1);
    draw_panel(&right, "accuracy (%)", epochs.len(), &accuracies, 0.0..=100.0)?;
    root.present()?;
    Ok(())
}

fn curves(
    epochs: &[Epoch],
    training: impl Fn(&Epoch) -> f64,
    validation: impl Fn((f64, f64)) -> f64,
) -> [Curve; 2] {
    let numbered = || (1..).map(f64::from).zip(epochs);
    let trained = numbered().map(|(x, e)| (x, training(e))).collect();
    let validated = numbered().filter_map(|(x, e)| Some((x, validation(e.validation?)))).collect();
    [
        Curve { points: trained, colour: BLUE, hollow: false },
        Curve { points: validated, colour: VERMILLION, hollow: true },
    ]
}

fn draw_panel(
    area: &Area<'_>,
    title: &str,
    epochs: usize,
    curves: &[Curve],
    limits: RangeInclusive<f64>,
) -> Result<(), Box<dyn Error>> {
    let last = epochs as f64;
    // Half an epoch at either end would waste the width of a short run and not show in a long one.
    let margin = (0.04 * (last - 1.0)).clamp(0.2, 1.0);
    let (xs, _) = ticks(1.0..last, 12.0, 1.0);
    let (range, padded) = value_range(curves, limits);
    let (ys, decimals) = ticks(range, 7.0, 0.0);

    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_bottom(10)
        .margin_left(4)
        .margin_right(22)
        .x_label_area_size(48)
        .y_label_area_size(74)
        .build_cartesian_2d(
            Axis { range: 1.0 - margin..last + margin, ticks: xs },
            Axis { range: padded, ticks: ys },
        )?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(title)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| tick_label(*y, decimals))
        .label_style(("sans-serif", 12.0 * 1.24).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 14.0 * 1.24).into_font().color(&INK))
        .bold_line_style(GRID)
        .axis_style(MUTED)
        .draw()?;

    let plot = chart.plotting_area().strip_coord_spec();
    let (left, top) = plot.get_base_pixel();
    for curve in curves {
        for run in curve.points.split(|point| !drawable(point)) {
            chart.draw_series(LineSeries::new(run.iter().copied(), curve.colour.stroke_width(2)))?;
            // Markers would hide a long line, but a line of one point shows only by its marker.
            if epochs <= 30 || run.len() == 1 {
                for point in run {
                    let (x, y) = chart.backend_coord(point);
                    draw_marker(&plot, (x - left, y - top), curve.colour, curve.hollow)?;
                }
            }
        }
    }
    Ok(())
}

fn draw_marker(
    area: &Area<'_>,
    at: (i32, i32),
    colour: RGBColor,
    hollow: bool,
) -> Result<(), Box<dyn Error>> {
    area.draw(&Circle::new(at, 4, colour.filled()))?;
    if hollow {
        area.draw(&Circle::new(at, 2, WHITE.filled()))?;
    }
    Ok(())
}

/// A linear axis with ticks where they were asked for.
struct Axis {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // The lighter grid between the ticks stays empty.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Whether the value is finite, and small enough that a range of such values is too.
fn drawable((_, y): &(f64, f64)) -> bool {
    y.abs() < 1e300
}

/// The range of the drawable values, for ticks, and the same with room around it, for the axis.
fn value_range(curves: &[Curve], limits: RangeInclusive<f64>) -> (Range<f64>, Range<f64>) {
    let values = curves.iter().flat_map(|c| &c.points).filter(|p| drawable(p)).map(|p| p.1);
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    let size = low.abs().max(high.abs());
    // An axis far narrower than its values are large would need labels too long to fit.
    let room = if size < 1e-12 { 1.0 } else { (0.06 * (high - low)).max(0.001 * size) };
    let padded = low - room..high + room;
    // The ticks keep to values that can occur; the axis may go beyond, for the markers' sake.
    (padded.start.max(*limits.start())..padded.end.min(*limits.end()), padded)
}

/// At most about `most` round values in `range`, at least `finest` apart, and their decimals.
fn ticks(range: Range<f64>, most: f64, finest: f64) -> (Vec<f64>, i32) {
    let span = range.end - range.start;
    let power = if span > 0.0 { (span / most).log10().floor() } else { 0.0 };
    let unit = 10f64.powf(power);
    let step = [1.0, 2.0, 5.0].map(|m| m * unit).into_iter().find(|step| span / step <= most);
    let step = step.unwrap_or(10.0 * unit).max(finest);
    let first = (range.start / step).ceil();
    let count = ((range.end / step).floor() - first) as usize;
    let decimals = -(step.log10() + 1e-9).floor() as i32;
    ((0..=count).map(|k| (first + k as f64) * step).collect(), decimals)
}

fn tick_label(value: f64, decimals: i32) -> String {
    match decimals {
        // Adding zero turns a negative zero positive.
        -4..=5 => format!("{:.*}", decimals.max(0) as usize, value + 0.0),
        _ => format!("{value:.2e}"),
    }
}

// ---- Confusion matrix ----

fn draw_matrix(svg: &mut String, counts: &[Vec<u64>], names: &[String]) -> Result<(), Box<dyn Error>> {
    const SIZE: i32 = 720;
    // Above the matrix stand the titles, below the names an axis title and the key.
    const ABOVE: i32 = 68;
    const BELOW: i32 = 78;
    const BESIDE: i32 = 40;

    let root = SVGBackend::with_string(svg, (SIZE as u32, SIZE as u32)).into_drawing_area();
    root.fill(&WHITE)?;

    let n = counts.len() as i32;
    // Names take up to a quarter of the picture; longer ones are set smaller.
    let widest = names.iter().map(|name| width(name)).fold(0.6, f64::max);
    let longest = f64::from(SIZE) / 4.0;
    let name_size = (14.0f64).min(longest / widest).min(0.8 * f64::from(SIZE - ABOVE - BELOW) / f64::from(n));
    let name_width = (name_size * widest).ceil() as i32;
    let side_beside =
        |names_below: i32| (SIZE - 2 * BESIDE - name_width).min(SIZE - ABOVE - BELOW - names_below);
    let flat = side_beside(name_size.ceil() as i32);
    let upright = f64::from(name_width) < 0.95 * f64::from(flat) / f64::from(n);
    let names_below = if upright { name_size.ceil() as i32 } else { name_width };
    let side = side_beside(names_below);
    let left = (SIZE - side + name_width) / 2;
    let edge = |i: usize| i as i32 * side / n;
    let cell = f64::from(side) / f64::from(n);
    let middle = left + side / 2;

    let total: u128 = counts.iter().flatten().map(|&count| u128::from(count)).sum();
    let correct: u128 = counts.iter().enumerate().map(|(i, row)| u128::from(row[i])).sum();
    let percent = 100.0 * correct as f64 / total as f64;
    let centred = |size, colour| font(size, colour, HPos::Center, VPos::Center);
    root.draw_text("Confusion matrix", &centred(19.0, INK), (middle, 24))?;
    let summary = format!("{correct} of {total} correct ({percent:.2}%)");
    root.draw_text(&summary, &centred(13.0, MUTED), (middle, 48))?;

    let digits = counts.iter().flatten().map(|count| width(&count.to_string())).fold(0.0, f64::max);
    let count_size = (16.0f64).min(0.4 * cell).min(0.78 * cell / digits);
    for (i, row) in counts.iter().enumerate() {
        let row_total: u128 = row.iter().map(|&count| u128::from(count)).sum();
        for (j, &count) in row.iter().enumerate() {
            let share = if count == 0 { 0.0 } else { count as f64 / row_total as f64 };
            let (x0, x1, y0, y1) = (left + edge(j), left + edge(j + 1), ABOVE + edge(i), ABOVE + edge(i + 1));
            root.draw(&Rectangle::new([(x0, y0), (x1, y1)], shade(share, i == j).filled()))?;
            let colour = match count {
                0 => RGBColor(190, 190, 190),
                _ if share > 0.4 => WHITE,
                _ => INK,
            };
            let at = ((x0 + x1) / 2, (y0 + y1) / 2);
            root.draw_text(&count.to_string(), &centred(count_size, colour), at)?;
        }
    }
    for i in 0..=counts.len() {
        let (x, y) = (left + edge(i), ABOVE + edge(i));
        root.draw(&PathElement::new([(x, ABOVE), (x, ABOVE + side)], GRID))?;
        root.draw(&PathElement::new([(left, y), (left + side, y)], GRID))?;
    }
    // A frame keeps the diagonal apart even where it is empty.
    for i in 0..counts.len() {
        let corners = [(left + edge(i), ABOVE + edge(i)), (left + edge(i + 1), ABOVE + edge(i + 1))];
        root.draw(&Rectangle::new(corners, BLUE))?;
    }

    let beside = font(name_size, INK, HPos::Right, VPos::Center);
    let below = if upright { centred(name_size, INK) } else { beside.transform(FontTransform::Rotate270) };
    let below_y = ABOVE + side + 8 + if upright { name_size as i32 / 2 } else { 0 };
    for (i, name) in names.iter().enumerate() {
        let centre = (edge(i) + edge(i + 1)) / 2;
        root.draw_text(name, &beside, (left - 8, ABOVE + centre))?;
        root.draw_text(name, &below, (left + centre, below_y))?;
    }
    let turned = centred(14.0, INK).transform(FontTransform::Rotate270);
    root.draw_text("true class", &turned, (left - name_width - 24, ABOVE + side / 2))?;
    let axis_y = ABOVE + side + names_below + 24;
    root.draw_text("predicted class", &centred(14.0, INK), (middle, axis_y))?;
    draw_key(&root, (middle, axis_y + 30))?;
    root.present()?;
    Ok(())
}

/// Says what the cells' colours mean, centred at `at`.
fn draw_key(root: &Area<'_>, (middle, y): (i32, i32)) -> Result<(), Box<dyn Error>> {
    let text = font(12.0, INK, HPos::Left, VPos::Center);
    let mut x = middle - 245;
    for (name, name_width, correct) in [("correct", 50, true), ("wrong", 44, false)] {
        root.draw_text(name, &text, (x, y))?;
        x += name_width;
        for share in [0.01, 0.1, 0.5, 1.0] {
            let corners = [(x, y - 8), (x + 20, y + 8)];
            root.draw(&Rectangle::new(corners, shade(share, correct).filled()))?;
            root.draw(&Rectangle::new(corners, GRID))?;
            x += 20;
        }
        x += 20;
    }
    root.draw_text("1, 10, 50, 100% of the true class", &text, (x, y))?;
    Ok(())
}

/// The colour of a cell that holds `share` of its row.
fn shade(share: f64, correct: bool) -> RGBColor {
    let full = if correct { BLUE } else { VERMILLION };
    // The square root lifts errors of a percent or less out of the white.
    let depth = share.sqrt();
    let mix = |to: u8| (255.0 + (f64::from(to) - 255.0) * depth).round() as u8;
    RGBColor(mix(full.0), mix(full.1), mix(full.2))
}

// ---- Worst mistakes ----

/// How many mistakes [`worst_mistakes`] draws at most.
pub(crate) const MOST_MISTAKES: usize = 25;

const ACROSS: usize = 5;
/// The side that images are enlarged towards, in pixels.
const TILE: usize = 112;
const GAP: usize = 16;
/// How far a pixel of a glyph is enlarged.
const GLYPH: usize = 2;
const CAPTION: usize = 7 * GLYPH + 8;

/// The space around the tiles.
const SURROUND: [u8; 3] = [44, 49, 58];
const PALE_BLUE: [u8; 3] = [86, 180, 233];
const ORANGE: [u8; 3] = [240, 160, 40];
const PALE: [u8; 3] = [214, 218, 224];

fn draw_mistakes(rows: usize, cols: usize, mistakes: &[Mistake<'_>]) -> Result<Vec<u8>, png::EncodingError> {
    let longer = rows.max(cols);
    let factor = ((TILE + longer / 2) / longer).max(1);
    let (tile_width, tile_height) = (cols * factor, rows * factor);
    let captions: Vec<_> = mistakes.iter().map(caption).collect();
    let caption_width = |parts: &[(String, [u8; 3])]| -> usize {
        parts.iter().flat_map(|(text, _)| text.chars()).map(advance).sum::<usize>() - GLYPH
    };
    let widest = captions.iter().map(|parts| caption_width(parts)).max().unwrap_or(0);

    let across = mistakes.len().min(ACROSS);
    let (step_x, step_y) = (tile_width.max(widest) + GAP, tile_height + CAPTION + GAP);
    let width = across * step_x + GAP;
    let height = mistakes.len().div_ceil(across) * step_y + GAP;
    let mut canvas = Canvas { width, rgb: SURROUND.repeat(width * height) };
    for (i, (mistake, parts)) in mistakes.iter().zip(&captions).enumerate() {
        let (x, y) = (GAP + i % across * step_x, GAP + i / across * step_y);
        let centred = |inner: usize| x + (step_x - GAP - inner) / 2;
        for (p, &grey) in mistake.pixels.iter().enumerate() {
            let (px, py) = (p % cols * factor, p / cols * factor);
            canvas.fill(centred(tile_width) + px, y + py, factor, [grey; 3]);
        }
        let mut pen = centred(caption_width(parts));
        for (text, colour) in parts {
            for c in text.chars() {
                canvas.glyph(pen, y + tile_height + 8, c, *colour);
                pen += advance(c);
            }
        }
    }

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.rgb)?;
    writer.finish()?;
    Ok(file)
}

/// The caption's parts, each in its colour.
fn caption(mistake: &Mistake<'_>) -> Vec<(String, [u8; 3])> {
    let mut parts = vec![
        (mistake.label.to_string(), PALE_BLUE),
        (" > ".to_string(), PALE),
        (mistake.predicted.to_string(), ORANGE),
    ];
    // A confidence that is not a number has no percentage.
    if !mistake.confidence.is_nan() {
        parts.push((format!("  {:.0}%", 100.0 * mistake.confidence.clamp(0.0, 1.0)), PALE));
    }
    parts
}

/// How far `c` moves the pen.
fn advance(c: char) -> usize {
    GLYPH * if c == ' ' { 3 } else { 6 }
}

struct Canvas {
    width: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    /// Fills the square of `side` pixels whose upper left corner is at `x`, `y`.
    fn fill(&mut self, x: usize, y: usize, side: usize, colour: [u8; 3]) {
        for row in y..y + side {
            let start = 3 * (row * self.width + x);
            for pixel in self.rgb[start..start + 3 * side].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    fn glyph(&mut self, x: usize, y: usize, c: char, colour: [u8; 3]) {
        for (row, bits) in glyph(c).into_iter().enumerate() {
            for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                self.fill(x + column * GLYPH, y + row * GLYPH, GLYPH, colour);
            }
        }
    }
}

/// A character as seven rows of five pixels, the leftmost in bit 4.
#[rustfmt::skip]
fn glyph(c: char) -> [u8; 7] {
    match c {
        '0' => [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
        '3' => [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        '>' => [0b10000, 0b01000, 0b00100, 0b00010, 0b00100, 0b01000, 0b10000],
        '%' => [0b11000, 0b11001, 0b00010, 0b00100, 0b01000, 0b10011, 0b00011],
        _ => [0; 7],
    }
}
