// Vectors of lanes: neighbouring columns or rows of one map, all doing the same. Their width follows the CPU level.
#pragma once

#include "szfast/philox.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace szfast {
namespace SZFAST_LEVEL {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float Floats __attribute__((vector_size(lanes * sizeof(float))));
typedef std::int32_t Ints __attribute__((vector_size(lanes * sizeof(float))));
typedef std::uint32_t Words __attribute__((vector_size(lanes * sizeof(float))));
typedef std::uint64_t WideWords __attribute__((vector_size(lanes * sizeof(float))));
constexpr int wide_lanes = lanes / 2;

namespace { // nothing here may become a weak symbol

// The full products of the lower halves.
inline WideWords wide_product(WideWords a, std::uint32_t b) {
#if defined(__AVX512F__)
    return (WideWords)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, _mm512_set1_epi64(b));
#elif defined(__AVX2__)
    return (WideWords)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__SSE2__)
    return (WideWords)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return (a & 0xFFFFFFFFu) * std::uint64_t(b);
#endif
}

// 32-bit words in the lower halves of 64-bit lanes; what stands in the upper halves is of no meaning. Two vectors of
// them, for the generator: each of its rounds waits for the one before, two of them fill the time.
struct LowWords {
    WideWords up, down;
};

inline LowWords low_words(std::uint32_t value) {
    return {WideWords{} + value, WideWords{} + value};
}

inline LowWords operator*(LowWords a, std::uint32_t b) {
    return {wide_product(a.up, b), wide_product(a.down, b)};
}

inline LowWords operator^(LowWords a, LowWords b) {
    return {a.up ^ b.up, a.down ^ b.down};
}

// A word of the generator's key, raised for all rounds in advance.
struct RaisedKey {
    RaisedKey() = default;
    RaisedKey(std::uint32_t key, std::uint32_t step) {
        for (int round = 0; round < 10; ++round)
            rounds[round] = WideWords{} + (key + round * step);
    }
    WideWords rounds[10];
};

struct RoundKey {
    const WideWords *round;
    void operator+=(std::uint32_t) {
        ++round;
    }
};

inline LowWords operator^(LowWords a, RoundKey key) {
    return {a.up ^ *key.round, a.down ^ *key.round};
}

} // namespace
} // namespace SZFAST_LEVEL

template <> struct WideProduct<SZFAST_LEVEL::LowWords> {
    static SZFAST_LEVEL::LowWords high(SZFAST_LEVEL::LowWords a, std::uint32_t b) {
        const SZFAST_LEVEL::LowWords product = a * b;
        return {product.up >> 32, product.down >> 32};
    }
};

namespace SZFAST_LEVEL {
namespace {

template <class To, class From> inline To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "same size");
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
}

// Natural logarithm of u in (0, 1], to float rounding: u = 2^e (1 + x) with x about 0, log(1 + x) = x + x^2 P(x) with P
// fitted to 3e-8 of the logarithm from sqrt(1/2) to sqrt(2).
inline Floats logarithm(Floats u) {
    const Words shifted = same_bits<Words>(u) - 0x3F3504F3u; // sqrt(1/2): 1 + x runs from there to sqrt(2)
    const Ints exponent = same_bits<Ints>(shifted) >> 23;
    const Floats x = same_bits<Floats>((shifted & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f, x2 = x * x;
    const Floats high = (-0.16570510f + 0.14917979f * x) + x2 * (-0.14307508f + 0.087348111f * x);
    const Floats low = (-0.49999991f + 0.33333951f * x) + x2 * (-0.25001755f + 0.19962072f * x);
    return __builtin_convertvector(exponent, Floats) * 0.69314718f + (x + x2 * (low + x2 * x2 * high));
}

struct SineCosine {
    Floats sine, cosine;
};

// Sine and cosine of a turn's fraction x / 2^32: reduced exactly, in integers, to the nearest quarter turn.
inline SineCosine of_turn(Words x) {
    const Words quarter = (x + 0x20000000u) >> 30;
    const Ints rest = same_bits<Ints>(x - (quarter << 30));
    const Floats t = __builtin_convertvector(rest, Floats) * 1.4629180792671596e-9f; // 2 pi / 2^32
    const Floats t2 = t * t;
    const Floats sine = t + t * t2 * (-1.0f / 6 + t2 * (1.0f / 120 + t2 * (-1.0f / 5040 + t2 * (1.0f / 362880))));
    const Floats cosine = 1.0f + t2 * (-0.5f + t2 * (1.0f / 24 + t2 * (-1.0f / 720 + t2 * (1.0f / 40320))));
    const auto odd = (quarter & 1u) != 0u;
    const Words sine_sign = (quarter & 2u) << 30, cosine_sign = ((quarter + 1u) & 2u) << 30;
    const Floats a = odd ? cosine : sine, b = odd ? sine : cosine;
    return {same_bits<Floats>(same_bits<Words>(a) ^ sine_sign), same_bits<Floats>(same_bits<Words>(b) ^ cosine_sign)};
}

// Of x > 0.
inline Floats square_root(Floats x) {
#if defined(__AVX512F__)
    // the instruction for the root holds its unit for 20 cycles: one step of Newton's on the 14 bits of its inverse
    const Floats inverse = (Floats)_mm512_maskz_rsqrt14_ps(0xFFFF, (__m512)x), root = x * inverse;
    return root + 0.5f * inverse * (x - root * root);
#elif defined(__AVX2__)
    return (Floats)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
    return (Floats)_mm_sqrt_ps((__m128)x);
#else
    for (int lane = 0; lane < lanes; ++lane)
        x[lane] = __builtin_sqrtf(x[lane]);
    return x;
#endif
}

struct NormalPair {
    Floats first, second;
};

// Two standard normal deviates from two words (Box & Muller 1958).
inline NormalPair normal_pair(Words a, Words b) {
    const Floats u =
        __builtin_convertvector(same_bits<Ints>(a >> 1), Floats) * 4.6566128730773926e-10f + 2.3283064365386963e-10f;
    const Floats square = logarithm(u) * -2.0f, least = Floats{} + 1e-20f;
    const Floats radius = square_root(square > least ? square : least);
    const SineCosine angle = of_turn(b);
    return {radius * angle.cosine, radius * angle.sine};
}

// Words of `even` and `odd` in turn.
inline Words in_turn(WideWords even, WideWords odd) {
    return same_bits<Words>((even & 0xFFFFFFFFu) | (odd << 32));
}

// The last lane of `before`, then all lanes of `words` but the last.
template <std::size_t... lane>
inline WideWords shifted_in(WideWords before, WideWords words, std::index_sequence<lane...>) {
    return __builtin_shufflevector(before, words, int(lane) + wide_lanes - 1 ...);
}

inline WideWords shifted_in(WideWords before, WideWords words) {
    return shifted_in(before, words, std::make_index_sequence<wide_lanes>());
}

// Swaps the off-diagonal blocks, `step` lanes wide, of a pair of rows `step` apart.
template <int step, std::size_t... lane> inline void swap_blocks(Floats &a, Floats &b, std::index_sequence<lane...>) {
    const Floats upper = __builtin_shufflevector(a, b, (int(lane) & step ? lanes + int(lane) - step : int(lane))...);
    b = __builtin_shufflevector(a, b, (int(lane) & step ? lanes + int(lane) : int(lane) + step)...);
    a = upper;
}

template <int step> inline void transpose_step(Floats *rows) {
    for (int i = 0; i < lanes; ++i)
        if (!(i & step))
            swap_blocks<step>(rows[i], rows[i + step], std::make_index_sequence<lanes>());
}

// Transposes a square of lanes x lanes values.
inline void transpose(Floats *rows) {
    if constexpr (lanes > 8)
        transpose_step<8>(rows);
    if constexpr (lanes > 4)
        transpose_step<4>(rows);
    transpose_step<2>(rows);
    transpose_step<1>(rows);
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
