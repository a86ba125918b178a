// The counter-based generator Philox 4x32-10 (Salmon et al. 2011, SC'11, doi:10.1145/2063384.2063405) and normal
// deviates from it. Written for a type U of unsigned 32-bit integers, a plain one or a vector of lanes.
#pragma once

#include "szfast/host_device.hpp"

#include <cstdint>

namespace szfast {

template <class U> struct PhiloxBlock {
    U word[4];
};

// The high half of a 32 x 32-bit product; a vector of lanes brings its own.
template <class U> struct WideProduct;

template <> struct WideProduct<std::uint32_t> {
    SZFAST_HOST_DEVICE static std::uint32_t high(std::uint32_t a, std::uint32_t b) {
        return std::uint32_t((std::uint64_t(a) * b) >> 32);
    }
};

// A key is a U, or what stands for one: it is raised by a constant after each round.
template <class U, class Key>
SZFAST_HOST_DEVICE static inline PhiloxBlock<U> philox(PhiloxBlock<U> counter, Key key0, Key key1) {
    for (int round = 0; round < 10; ++round) {
        constexpr std::uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
        const U high0 = WideProduct<U>::high(counter.word[0], m0), low0 = counter.word[0] * m0;
        const U high1 = WideProduct<U>::high(counter.word[2], m1), low1 = counter.word[2] * m1;
        counter = {{high1 ^ counter.word[1] ^ key0, low1, high0 ^ counter.word[3] ^ key1, low0}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

// What a noise map is a function of, besides the spectrum and the patch.
struct NoiseKey {
    std::uint64_t seed;
    std::uint64_t cluster;
    std::uint32_t view;
    std::uint32_t realisation;
    std::uint32_t run;
};

// The generator's key and the counter words that all blocks of one map share. Seed, cluster and run are hashed into the
// key by the generator itself, since together they are wider than what the counter has room for.
struct NoiseStream {
    std::uint32_t key[2];
    std::uint32_t view;
    std::uint32_t realisation;
};

static inline NoiseStream noise_stream(const NoiseKey &key) {
    const auto low = [](std::uint64_t v) { return std::uint32_t(v); };
    const auto high = [](std::uint64_t v) { return std::uint32_t(v >> 32); };
    const PhiloxBlock<std::uint32_t> hash =
        philox<std::uint32_t>({{low(key.cluster), high(key.cluster), key.run, 0}}, low(key.seed), high(key.seed));
    return {{hash.word[0], hash.word[1]}, key.view, key.realisation};
}

} // namespace szfast
