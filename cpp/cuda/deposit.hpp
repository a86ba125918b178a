// Exact projection on a device: the operation of szfast/deposit.hpp.
#pragma once

#include "deposit_kernels.hpp"
#include "memory.hpp"
#include "sums.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

namespace szfast::cuda {

constexpr std::size_t most_particles = 0xFFFFFFFF;
constexpr const char *too_many_particles = "x: expected at most 2^32 - 1 particles";
constexpr const char *bad_particles = "x, y, z, h, Y: expected finite numbers, h and Y not negative";

// Sum of Y, and how many particles have values that no particle has.
struct CountParticles {
    static constexpr int sums = 2;
    Particles particles;
    SZFAST_HOST_DEVICE void add(unsigned, std::size_t i, double *sum) const {
        const bool bad = is_bad(particles, i);
        sum[0] += bad ? 0.0 : double(particles.Y[i]);
        sum[1] += bad;
    }
};

// Sum of Y within the depth of each view.
struct WithinDepth {
    static constexpr int sums = 1;
    Particles particles;
    const double *views;
    double half_depth_kpc;
    SZFAST_HOST_DEVICE void add(unsigned view, std::size_t i, double *sum) const {
        const double *turn = views + view_size * view;
        const double along =
            double(particles.x[i]) * turn[2] + double(particles.y[i]) * turn[5] + double(particles.z[i]) * turn[8];
        if (along <= half_depth_kpc && along >= -half_depth_kpc)
            sum[0] += double(particles.Y[i]);
    }
};

struct FromWholeNumbers : OnePhase {
    const std::int64_t *from;
    std::size_t count;
    double scale;
    double *to;
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        for (std::size_t i = lane.first(); i < count; i += lane.stride())
            to[i] = double(from[i]) * scale;
    }
};

// The tables of a kernel on a device.
template <class Device> class KernelTables {
  public:
    KernelTables(Device &device, Kernel kernel) {
        const ColumnTable host = column_tables(kernel).view();
        constexpr int n = ColumnTable::quadrant_cells;
        quadrant_ = upload(device, host.quadrant, 4 * std::size_t(n + 1) * (n + 1));
        edge_ = upload(device, host.edge, 2 * std::size_t(ColumnTable::edge_cells + 1));
        column_ = upload(device, host.column, std::size_t(ColumnTable::column_cells + 3));
        corners = {kernel, quadrant_.data(), edge_.data(), column_.data()};
        if (kernel == Kernel::uniform)
            return;
        const SeparableTable terms = separable_kernel(kernel).view(1e-3);
        constexpr int most = SeparableTable::most_terms;
        quintic_ = upload(device, terms.quintic, std::size_t(most) * 6 * SeparableTable::lookup);
        fine_ = upload(device, terms.fine, std::size_t(most) * 2 * (SeparableTable::fine_cells + 1));
        device.synchronize();
    }

    template <int terms> SeparableShares<terms> separable(const SeparableTable &table) const {
        SeparableShares<terms> shares{quintic_.data(), fine_.data(), {}};
        // terms that the table does not count have no weight
        for (int k = 0; k < table.terms; ++k)
            shares.weight[k] = float(table.weight[k] * table.unit);
        return shares;
    }

    CornerShares corners;

  private:
    Buffer<double> quadrant_, edge_, column_, fine_;
    Buffer<float> quintic_;
};

template <class Device> class Deposit {
  public:
    explicit Deposit(Device &device) : device_(device) {
    }

    // particles and maps (views, n, n) are on the device, views and loaded (views) on the host. Throws
    // std::invalid_argument for particles that are none.
    void operator()(const Particles &particles, const Grid &grid, const double *views, int view_count, Kernel kernel,
                    double rtol, double *maps, double *loaded) {
        const std::size_t pixels = std::size_t(grid.n) * grid.n;
        if (particles.count > most_particles)
            throw std::invalid_argument(too_many_particles);
        const std::vector<double> counted = sum_over_particles(device_, CountParticles{particles}, particles.count);
        if (counted[1] > 0.0)
            throw std::invalid_argument(bad_particles);
        const Buffer<double> turns = upload(device_, views, std::size_t(view_size) * view_count);
        std::fill(loaded, loaded + view_count, counted[0]);
        if (std::isfinite(grid.half_depth_kpc) && view_count > 0) {
            const std::vector<double> within = sum_over_particles(
                device_, WithinDepth{particles, turns.data(), grid.half_depth_kpc}, particles.count, view_count);
            std::copy(within.begin(), within.end(), loaded);
        }
        const double scale = whole_number_scale(counted[0]);
        // half a gigabyte of whole numbers at most, or one view
        const int at_once = int(std::max<std::size_t>(1, std::min<std::size_t>(view_count, (1u << 26) / pixels)));
        const Buffer<std::int64_t> sums = allocate<std::int64_t>(device_, pixels * at_once);
        for (int first = 0; first < view_count; first += at_once) {
            const int count = std::min(at_once, view_count - first);
            device_.clear(sums.data(), pixels * count * sizeof(std::int64_t));
            const DepositScene scene{particles, grid, turns.data() + view_size * first, count, scale, sums.data()};
            if (particles.count > 0)
                add(scene, kernel, rtol);
            device_.launch(blocks_for(pixels * count, FromWholeNumbers::threads),
                           FromWholeNumbers{{}, sums.data(), pixels * count, 1.0 / scale, maps + pixels * first});
        }
    }

  private:
    void add(const DepositScene &scene, Kernel kernel, double rtol) {
        const auto found = tables_.find(kernel);
        const KernelTables<Device> &tables =
            found != tables_.end() ? found->second : tables_.try_emplace(kernel, device_, kernel).first->second;
        const SeparableTable table = separable_kernel(kernel).view(rtol);
        if (table.terms == 0)
            add_shares(scene, tables.corners);
        else if (table.terms <= 3)
            add_shares(scene, tables.template separable<3>(table));
        else if (table.terms <= 6)
            add_shares(scene, tables.template separable<6>(table));
        else
            add_shares(scene, tables.template separable<12>(table));
    }
    template <class Shares> void add_shares(const DepositScene &scene, const Shares &shares) {
        const std::size_t particles = scene.particles.count;
        const Buffer<std::uint32_t> wide = allocate<std::uint32_t>(device_, particles);
        const Buffer<std::uint32_t> wide_count = zeros<std::uint32_t>(device_, 1);
        using Small = DepositSmall<Shares>;
        const std::size_t groups = (scene.view_count + Small::views_of_thread - 1) / Small::views_of_thread;
        device_.launch(blocks_for(particles * groups, Small::threads),
                       Small{{}, scene, shares, wide.data(), wide_count.data()});
        const std::size_t pairs = std::size_t(download(device_, wide_count)[0]) * scene.view_count;
        constexpr std::size_t most = std::size_t(1) << 30;
        for (std::size_t first = 0; first < pairs; first += most)
            device_.launch(unsigned(std::min(most, pairs - first)),
                           DepositWide<Shares>{scene, shares, wide.data(), first});
    }

    Device &device_;
    std::map<Kernel, KernelTables<Device>> tables_;
};

} // namespace szfast::cuda
