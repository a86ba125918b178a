// One batch: `lanes` maps, one a lane, through rows, columns and rows again. Two rows of a map share one complex
// transform; the columns of the half spectrum meet beam and noise while they are in the first cache, between their own
// forward and inverse transform; only the rows that are kept are transformed back.
#include "fft.hpp"
#include "level.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

struct Batch {
    const ObservePlan &plan;
    Complex *spectrum; // (padded/2 + 1, padded): column kx, row ky
    Complex *line, *spare;

    Complex *column(int kx) const {
        return spectrum + std::size_t(kx) * plan.padded;
    }
};

void load_rows(const Batch &batch, const double *const *maps, int count, int row) {
    const int n = batch.plan.padded;
    for (int x = 0; x < n; ++x)
        batch.line[x] = {Floats{}, Floats{}};
    for (int lane = 0; lane < count; ++lane) {
        const double *even = maps[lane] + std::size_t(row) * n, *odd = even + n;
        float *to = reinterpret_cast<float *>(batch.line) + lane;
        for (int x = 0; x < n; ++x) {
            to[2 * x * lanes] = float(even[x]);
            to[(2 * x + 1) * lanes] = float(odd[x]);
        }
    }
}

void rows_forward(const Batch &batch, const double *const *maps, int count) {
    const int n = batch.plan.padded;
    for (int row = 0; row < n; row += 2) {
        load_rows(batch, maps, count, row);
        const Complex *f = transform<false>(batch.plan, batch.line, batch.spare);
        for (int kx = 0; kx <= n / 2; ++kx) {
            const Complex a = f[kx], b = f[kx == 0 ? 0 : n - kx];
            Complex *to = batch.column(kx) + row;
            to[0] = {0.5f * (a.re + b.re), 0.5f * (a.im - b.im)};
            to[1] = {0.5f * (a.im + b.im), 0.5f * (b.re - a.re)};
        }
    }
}

struct BatchKeys {
    Words key0, key1, view, realisation;
};

BatchKeys batch_keys(const NoiseStream *streams, int count) {
    BatchKeys keys{};
    for (int lane = 0; lane < count; ++lane) {
        keys.key0[lane] = streams[lane].key[0];
        keys.key1[lane] = streams[lane].key[1];
        keys.view[lane] = streams[lane].view;
        keys.realisation[lane] = streams[lane].realisation;
    }
    return keys;
}

// Adds the noise of modes (kx, ky) for ky in [0, last], two to a block of the generator: the counter is the mode's
// place in the half plane. Columns 0 and n/2 are their own mirror images: their upper half follows from the lower.
void add_noise(const ObservePlan &plan, const BatchKeys &keys, int kx, Complex *column) {
    const int n = plan.padded;
    const bool mirrored = kx == 0 || 2 * kx == n;
    const float *amplitude = plan.amplitude + std::size_t(kx) * n;
    const int end = mirrored ? n / 2 + 1 : n;
    for (int ky = 0; ky < end; ky += 2) {
        if (amplitude[ky] == 0.0f && amplitude[ky + 1] == 0.0f)
            continue;
        const std::uint32_t block = (std::uint32_t(kx) * std::uint32_t(n) + std::uint32_t(ky)) / 2;
        const PhiloxBlock<Words> random =
            philox<Words>({{all(block), keys.view, keys.realisation, Words{}}}, keys.key0, keys.key1);
        for (int i = 0; i < 2 && ky + i < end; ++i) {
            const int k = ky + i;
            const NormalPair g = normal_pair(random.word[2 * i], random.word[2 * i + 1]);
            if (mirrored && (k == 0 || 2 * k == n)) {
                column[k].re += amplitude[k] * g.first;
                continue;
            }
            const float share = amplitude[k] * 0.70710678f; // half of the variance in each part
            const Complex mode{share * g.first, share * g.second};
            column[k] = column[k] + mode;
            if (mirrored)
                column[n - k] = column[n - k] + Complex{mode.re, -mode.im};
        }
    }
}

void columns_through(const Batch &batch, bool have_maps, const BatchKeys *keys) {
    const int n = batch.plan.padded;
    for (int kx = 0; kx <= n / 2; ++kx) {
        Complex *column = batch.column(kx);
        Complex *here = batch.line;
        if (have_maps) {
            for (int y = 0; y < n; ++y)
                batch.line[y] = column[y];
            here = transform<false>(batch.plan, batch.line, batch.spare);
            const float *transfer = batch.plan.transfer + std::size_t(kx) * n;
            for (int ky = 0; ky < n; ++ky)
                here[ky] = transfer[ky] * here[ky];
        } else {
            for (int ky = 0; ky < n; ++ky)
                here[ky] = {Floats{}, Floats{}};
        }
        if (keys)
            add_noise(batch.plan, *keys, kx, here);
        const Complex *back = transform<true>(batch.plan, here, here == batch.line ? batch.spare : batch.line);
        for (int y = 0; y < n; ++y)
            column[y] = back[y];
    }
}

void rows_back(const Batch &batch, int count, float *const *out) {
    const int n = batch.plan.padded, size = batch.plan.size, margin = batch.plan.margin;
    for (int row = 0; row < size; row += 2) {
        const int y0 = margin + row, y1 = row + 1 < size ? y0 + 1 : y0;
        for (int kx = 0; kx <= n / 2; ++kx) {
            const Complex a = batch.column(kx)[y0], b = batch.column(kx)[y1];
            batch.line[kx] = {a.re - b.im, a.im + b.re};
            if (kx > 0 && 2 * kx < n)
                batch.line[n - kx] = {a.re + b.im, b.re - a.im};
        }
        // at kx = 0 and n/2 a real row's spectrum is real: what rounding leaves there is dropped
        for (const int kx : {0, n / 2})
            batch.line[kx] = {batch.column(kx)[y0].re, batch.column(kx)[y1].re};
        const Complex *f = transform<true>(batch.plan, batch.line, batch.spare) + margin;
        for (int lane = 0; lane < count; ++lane) {
            const float *from = reinterpret_cast<const float *>(f) + lane;
            float *even = out[lane] + std::size_t(row) * size;
            for (int x = 0; x < size; ++x)
                even[x] = from[2 * x * lanes];
            if (y1 != y0)
                for (int x = 0; x < size; ++x)
                    even[size + x] = from[(2 * x + 1) * lanes];
        }
    }
}

} // namespace

int observe_lanes() {
    return lanes;
}

void observe_batch(const ObservePlan &plan, const double *const *maps, const NoiseStream *streams, int count,
                   float *scratch, float *const *out) {
    Complex *spectrum = reinterpret_cast<Complex *>(scratch);
    Complex *line = spectrum + std::size_t(plan.padded) * (plan.padded / 2 + 1);
    const Batch batch{plan, spectrum, line, line + plan.padded};
    if (maps)
        rows_forward(batch, maps, count);
    BatchKeys keys{};
    if (streams)
        keys = batch_keys(streams, count);
    columns_through(batch, maps != nullptr, streams ? &keys : nullptr);
    rows_back(batch, count, out);
}

} // namespace SZFAST_LEVEL
} // namespace szfast
