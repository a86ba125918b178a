// One map at a time, so that its modes stay in the nearest caches. Columns first: `lanes` neighbouring columns go
// through the transform along y side by side, and two such groups share one complex transform. Squares of lanes x lanes
// are then transposed, and `lanes` rows of the half plane side by side go along x, meet beam and noise, and go back; so
// do the columns that are kept. Rows ky without a mode that counts are left out throughout.
#include "fft.hpp"
#include "level.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int square = lanes; // rows of one

struct Workspace {
    Workspace(const ObservePlan &plan, float *scratch) {
        modes = reinterpret_cast<Complex *>(scratch);
        line = modes + std::size_t(plan.blocks) * plan.padded + 2 * lanes;
        squares = reinterpret_cast<Floats *>(line + plan.padded);
        words = reinterpret_cast<WideWords *>(squares + 4 * square);
    }
    Complex *modes; // (blocks, padded)
    Complex *line;  // (padded)
    Floats *squares;
    WideWords *words; // (padded/2 + 1, 2)
};

Floats load(const double *from, int count) {
    typedef double Doubles __attribute__((vector_size(lanes * sizeof(double))));
    if (count >= lanes) {
        Doubles values;
        std::memcpy(&values, from, sizeof values);
        return __builtin_convertvector(values, Floats);
    }
    Floats values{};
    for (int lane = 0; lane < count; ++lane)
        values[lane] = float(from[lane]);
    return values;
}

// The sum P + Q*, or the difference i (Q* - P), of the transform P at ky and Q at -ky: twice the transforms of the two
// real columns of a pair. Written to the modes, transposed: x in the rows, ky in the lanes.
void take_pair_apart(const ObservePlan &plan, const Complex *line, int block, int pair_x, Complex *modes) {
    const int n = plan.padded;
    Floats rows[4][square];
    for (int i = 0; i < square; ++i) {
        const int ky = block * lanes + i;
        const bool inside = 2 * ky <= n;
        const Complex p = line[plan.place[inside ? ky : 0]], q = line[plan.place[inside && ky ? n - ky : 0]];
        rows[0][i] = p.re + q.re;
        rows[1][i] = p.im - q.im;
        rows[2][i] = p.im + q.im;
        rows[3][i] = q.re - p.re;
    }
    for (int part = 0; part < 4; ++part)
        transpose(rows[part]);
    Complex *to = modes + std::size_t(block) * n;
    for (int half = 0; half < 2; ++half)
        for (int i = 0, x = pair_x + half * lanes; i < lanes && x < n; ++i, ++x)
            to[x] = {rows[2 * half][i], rows[2 * half + 1][i]};
}

// False if a pixel is not finite: then the sum of its column, the mode ky = 0, is not either.
bool columns_forward(const ObservePlan &plan, const Workspace &work, const double *map, const std::atomic<bool> &stop,
                     Ahead &ahead) {
    const int n = plan.padded;
    Floats nothing{};
    for (int x = 0; x < n && !stop.load(std::memory_order_relaxed); x += 2 * lanes) {
        for (int y = 0; y < n; ++y) {
            const double *row = map + std::size_t(y) * n + x;
            work.line[y] = {load(row, n - x), load(row + lanes, n - x - lanes)};
        }
        transform_forward(plan, work.line, ahead);
        nothing += 0.0f * work.line[0].re + 0.0f * work.line[0].im;
        for (int block = 0; block < plan.blocks; ++block)
            take_pair_apart(plan, work.line, block, x, work.modes);
    }
    float sum = 0.0f;
    for (int lane = 0; lane < lanes; ++lane)
        sum += nothing[lane];
    return sum == 0.0f;
}

struct Generator {
    Generator(const ObservePlan &plan, const NoiseStream &stream) : half(plan.padded / 2) {
        key0 = RaisedKey(stream.key[0], 0x9E3779B9u);
        key1 = RaisedKey(stream.key[1], 0xBB67AE85u);
        view = low_words(stream.view);
        realisation = low_words(stream.realisation);
        for (int lane = 0; lane < wide_lanes; ++lane)
            ascending[lane] = lane;
    }

    PhiloxBlock<LowWords> operator()(WideWords up, WideWords down) const {
        return philox<LowWords>({{{up, down}, view, realisation, low_words(0)}}, RoundKey{key0.rounds},
                                RoundKey{key1.rounds});
    }

    int half;
    WideWords ascending;
    LowWords view, realisation;
    RaisedKey key0, key1;
};

// A block of the generator holds the deviates of two modes, at an even ky and the next; its counter is the place of the
// pair in the half plane kx in [0, n/2], ky in [0, n). Here are those of `lanes` rows ky from block * lanes on.
struct Deviates {
    NormalPair right; // of the modes at kx
    NormalPair left;  // of the modes at -kx: those of (kx, -ky), to be conjugated
};

Deviates deviates(const Generator &generator, int kx, int block, WideWords *in_hand) {
    const std::uint64_t column = std::uint64_t(kx) * generator.half;
    const int first = block * wide_lanes;
    // from -ky = -1 downwards: odd ky first, the even ones are a lane further, and the first of them is in hand
    const auto random =
        generator(generator.ascending + (column + first), (column + generator.half - first - 1) - generator.ascending);
    const auto &word = random.word;
    if (block == 0)
        for (int i = 0; i < 2; ++i)
            in_hand[i] = WideWords{} + word[i].up[0];
    const WideWords a = shifted_in(in_hand[0], word[0].down), b = shifted_in(in_hand[1], word[1].down);
    in_hand[0] = word[0].down;
    in_hand[1] = word[1].down;
    return {normal_pair(in_turn(word[0].up, word[2].up), in_turn(word[1].up, word[3].up)),
            normal_pair(in_turn(a, word[2].down), in_turn(b, word[3].down))};
}

Complex with_noise(Complex mode, Floats amplitude, Floats re, Floats im) {
    return {mode.re + amplitude * re, mode.im + amplitude * im};
}

void add_noise(const ObservePlan &plan, const Generator &generator, int block, WideWords *words, Complex *modes) {
    const int n = plan.padded;
    const Floats *amplitude = reinterpret_cast<const Floats *>(plan.amplitude) + std::size_t(block) * n;
    for (int kx = 0; kx <= n / 2; ++kx) {
        if (plan.noisy[kx] <= block)
            continue;
        const Deviates g = deviates(generator, kx, block, words + 2 * kx);
        const int right = plan.place[kx], left = plan.place[kx ? n - kx : 0];
        modes[right] = with_noise(modes[right], amplitude[right], g.right.first, g.right.second);
        if (left != right)
            modes[left] = with_noise(modes[left], amplitude[left], g.left.first, -g.left.second);
    }
}

void add_real_modes(const ObservePlan &plan, const Generator &generator, int block, Complex *modes) {
    for (int i = 0; i < plan.real_mode_count; ++i) {
        const RealMode mode = plan.real_modes[i];
        if (mode.ky / lanes != block)
            continue;
        const int pair = mode.ky / 2, word = mode.ky % 2 * 2;
        const WideWords counter = WideWords{} + (std::uint64_t(mode.kx) * generator.half + pair);
        const auto random = generator(counter, counter);
        const WideWords a = random.word[word].up, b = random.word[word + 1].up;
        const NormalPair g = normal_pair(in_turn(a, a), in_turn(b, b));
        modes[plan.place[mode.kx]].re[mode.ky % lanes] += mode.amplitude * g.first[0];
    }
}

// Twice the spectrum, as twice the map's own is held until the transfer.
void add_spectrum(const ObservePlan &plan, const MapSpectrum &spectrum, int block, Complex *modes) {
    if (block * lanes >= spectrum.rows)
        return;
    const float *re = spectrum.modes + block * lanes, *im = re + std::size_t(plan.padded) * spectrum.rows;
    for (int kx = 0; kx < plan.padded; ++kx) {
        Complex mode;
        std::memcpy(&mode.re, re + std::size_t(kx) * spectrum.rows, sizeof mode.re);
        std::memcpy(&mode.im, im + std::size_t(kx) * spectrum.rows, sizeof mode.im);
        Complex &to = modes[plan.place[kx]];
        to = to + 2.0f * mode;
    }
}

void rows_through(const ObservePlan &plan, const Workspace &work, bool have_map, MapSpectrum spectrum,
                  const Generator *generator, const std::atomic<bool> &stop, Ahead &ahead) {
    const int n = plan.padded;
    for (int block = 0; block < plan.blocks && !stop.load(std::memory_order_relaxed); ++block) {
        Complex *modes = work.modes + std::size_t(block) * n;
        if (have_map)
            transform_forward(plan, modes, ahead);
        else
            for (int i = 0; i < n; ++i)
                modes[i] = {Floats{}, Floats{}};
        if (spectrum.modes)
            add_spectrum(plan, spectrum, block, modes);
        if (have_map || spectrum.modes) {
            const Floats *transfer = reinterpret_cast<const Floats *>(plan.transfer) + std::size_t(block) * n;
            for (int i = 0; i < n; ++i)
                modes[i] = {transfer[i] * modes[i].re, transfer[i] * modes[i].im};
        }
        if (generator) {
            add_noise(plan, *generator, block, work.words, modes);
            add_real_modes(plan, *generator, block, modes);
        }
        transform_back(plan, modes, ahead);
    }
}

// The inverse of take_pair_apart, for columns from x on: F at ky and F* at -ky of the one, and i times those of the
// other. At ky = 0 and n/2 the transform of a real column is real: what rounding leaves there is dropped.
void put_pair_together(const ObservePlan &plan, const Workspace &work, int block, int x) {
    const int n = plan.padded;
    const Complex *from = work.modes + std::size_t(block) * n + x;
    Floats rows[4][square];
    for (int i = 0; i < lanes; ++i) {
        rows[0][i] = from[i].re;
        rows[1][i] = from[i].im;
        rows[2][i] = from[i + lanes].re;
        rows[3][i] = from[i + lanes].im;
    }
    for (int part = 0; part < 4; ++part)
        transpose(rows[part]);
    for (int i = 0; i < lanes; ++i) {
        const int ky = block * lanes + i;
        if (2 * ky > n)
            return;
        if (ky == 0 || 2 * ky == n) {
            work.line[plan.place[ky]] = {rows[0][i], rows[2][i]};
            continue;
        }
        work.line[plan.place[ky]] = {rows[0][i] - rows[3][i], rows[1][i] + rows[2][i]};
        work.line[plan.place[n - ky]] = {rows[0][i] + rows[3][i], rows[2][i] - rows[1][i]};
    }
}

void store_columns(const Complex *line, int size, int x, float *out) {
    float *to = out + x;
    if (x + 2 * lanes <= size) {
        for (int row = 0; row < size; ++row, to += size)
            std::memcpy(to, line + row, sizeof(Complex));
        return;
    }
    for (int row = 0; row < size; ++row, to += size)
        for (int lane = 0; lane < size - x; ++lane)
            to[lane] = lane < lanes ? line[row].re[lane] : line[row].im[lane - lanes];
}

void columns_back(const ObservePlan &plan, const Workspace &work, const std::atomic<bool> &stop, float *out,
                  Ahead &ahead) {
    const int n = plan.padded, size = plan.size;
    for (int x = 0; x < size && !stop.load(std::memory_order_relaxed); x += 2 * lanes) {
        for (int ky = plan.blocks * lanes; ky <= n - plan.blocks * lanes; ++ky)
            work.line[plan.place[ky]] = {Floats{}, Floats{}};
        for (int block = 0; block < plan.blocks; ++block)
            put_pair_together(plan, work, block, plan.margin + x);
        transform_back(plan, work.line, ahead);
        store_columns(work.line + plan.margin, size, x, out);
    }
}

} // namespace

int observe_lanes() {
    return lanes;
}

bool observe_map(const ObservePlan &plan, const double *map, MapSpectrum spectrum, const NoiseStream *stream,
                 const double *next_map, const std::atomic<bool> &stop, float *scratch, float *out) {
    const Workspace work(plan, scratch);
    const std::size_t pixels = std::size_t(plan.padded) * plan.padded;
    Ahead ahead(next_map, next_map ? pixels * sizeof(double) : 0);
    if (map && !columns_forward(plan, work, map, stop, ahead))
        return false;
    if (stream) {
        const Generator generator(plan, *stream);
        rows_through(plan, work, map != nullptr, spectrum, &generator, stop, ahead);
    } else {
        rows_through(plan, work, map != nullptr, spectrum, nullptr, stop, ahead);
    }
    columns_back(plan, work, stop, out, ahead);
    return true;
}

} // namespace SZFAST_LEVEL
} // namespace szfast
