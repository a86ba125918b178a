// From what a file stores of gas to the float32 columns that projections take, in one pass.
#pragma once

#include "szfast/sphere.hpp"

namespace szfast {

// A value for each particle: stored numbers times a factor, in the precision they are stored in; without numbers the
// factor itself.
struct StoredValues {
    const float *narrow;
    const double *wide;
    double factor;
    bool selected; // one number for each selected row, not for each row of the file
};

// Particles with a value above the threshold, or at it, are left out.
struct Exclusion {
    StoredValues values;
    float threshold;
    bool at_threshold;
};

constexpr int most_exclusions = 3;

struct StoredGas {
    const float *narrow_position; // (rows of the file, 3), one of the two
    const double *wide_position;
    const std::int64_t *rows;
    std::size_t count;
    Sphere about;
    double scale; // of positions
    StoredValues mass, heat, support, electrons, hydrogen;
    double kelvin;         // of unit heat and unit mean molecular weight; zero where heat is the temperature
    double support_scale;  // of smoothing lengths
    double area;           // Compton area of unit mass of hydrogen, one electron an atom, at 1 K
    double most_electrons; // an atom; hydrogen's share is between the limits
    double hydrogen_limits[2];
    double hot_kelvin; // hotter gas has electrons; infinite where it need not
    Exclusion exclusions[most_exclusions];
    int exclusion_count;
};

struct StoredColumns {
    float *x, *y, *z, *h, *Y;
};

struct Taken {
    std::size_t kept;
    std::size_t left_out[most_exclusions]; // by the first reason that fits
    bool sound;                            // all values finite, composition within its limits
};

// T = kelvin heat mu, mu = 4 / (1 + 3 X + 4 X x_e), in float32; Y = area m X x_e T in double, rounded once. Columns
// have room for all rows.
Taken stored_columns(const StoredGas &gas, const StoredColumns &to);

} // namespace szfast
