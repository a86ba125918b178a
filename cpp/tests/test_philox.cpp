// The generator against the known answers that Random123 publishes for philox4x32-10 (Salmon et al. 2011), and what a
// noise key becomes.
#include "check.hpp"
#include "szfast/philox.hpp"

#include <set>
#include <utility>

namespace szfast::tests {
namespace {

using Word = std::uint32_t;

struct KnownAnswer {
    Word counter[4], key[2], result[4];
};

constexpr KnownAnswer known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

void gives_the_known_answers() {
    for (const KnownAnswer &known : known_answers) {
        const Word *c = known.counter;
        const auto block = philox<Word>({{c[0], c[1], c[2], c[3]}}, known.key[0], known.key[1]);
        for (int i = 0; i < 4; ++i)
            CHECK(block.word[i] == known.result[i]);
    }
}

void every_part_of_a_key_counts() {
    const std::uint64_t far = std::uint64_t(1) << 32;
    const NoiseKey keys[] = {
        {0, 0, 0, 0, 0},   {1, 0, 0, 0, 0}, {far, 0, 0, 0, 0}, {0, 1, 0, 0, 0},
        {0, far, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 0},   {0, 0, 0, 0, 1},
    };
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    for (const NoiseKey &key : keys) {
        const NoiseStream stream = noise_stream(key);
        CHECK(stream.view == key.view && stream.realisation == key.realisation);
        seen.insert({(std::uint64_t(stream.key[1]) << 32) | stream.key[0],
                     (std::uint64_t(stream.view) << 32) | stream.realisation});
    }
    CHECK(seen.size() == sizeof(keys) / sizeof(keys[0]));
}

} // namespace
} // namespace szfast::tests

int main() {
    szfast::tests::gives_the_known_answers();
    szfast::tests::every_part_of_a_key_counts();
    return szfast::tests::result();
}
