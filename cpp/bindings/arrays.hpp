// Checks of what Python hands over; every argument passes through here before the core sees it.
#pragma once

#include "szfast/stop.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <string>
#include <vector>

namespace szfast::bindings {

namespace py = pybind11;

// A shape as Python writes it; any length for a negative one.
inline std::string extent_text(const std::vector<py::ssize_t> &shape) {
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text += (i ? ", " : "") + (shape[i] < 0 ? std::string("any") : std::to_string(shape[i]));
    return text + ")";
}

inline std::string shape_text(const py::array &array) {
    return extent_text({array.shape(), array.shape() + array.ndim()});
}

// An array of exactly this type and shape (-1: any length), C-contiguous; nothing is converted silently.
template <class T>
py::array_t<T> checked(const py::object &object, const char *name, const std::vector<py::ssize_t> &shape) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error(std::string(name) + ": expected a NumPy array");
    const auto array = py::reinterpret_borrow<py::array>(object);
    if (!array.dtype().equal(py::dtype::of<T>()))
        throw py::type_error(std::string(name) + ": expected dtype " + py::str(py::dtype::of<T>()).cast<std::string>() +
                             ", found " + py::str(array.dtype()).cast<std::string>());
    bool fits = array.ndim() == py::ssize_t(shape.size());
    for (std::size_t i = 0; fits && i < shape.size(); ++i)
        fits = shape[i] < 0 || array.shape(py::ssize_t(i)) == shape[i];
    if (!fits)
        throw py::value_error(std::string(name) + ": expected shape " + extent_text(shape) + ", found " +
                              shape_text(array));
    if (!(array.flags() & py::array::c_style))
        throw py::value_error(std::string(name) + ": expected a C-contiguous array; use numpy.ascontiguousarray");
    // of a buffer at an odd offset, for example: the engine loads whole vectors
    if (!(array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
        throw py::value_error(std::string(name) + ": expected an array aligned for its type; use numpy.copy");
    return py::reinterpret_borrow<py::array_t<T>>(object);
}

template <class T> void require_finite(const py::array_t<T> &array, const char *name) {
    const T *values = array.data();
    for (py::ssize_t i = 0; i < array.size(); ++i)
        if (!std::isfinite(values[i]))
            throw py::value_error(std::string(name) + ": value " + std::to_string(i) + " is not finite");
}

template <class T> void require_not_negative(const py::array_t<T> &array, const char *name) {
    require_finite(array, name);
    const T *values = array.data();
    for (py::ssize_t i = 0; i < array.size(); ++i)
        if (values[i] < 0)
            throw py::value_error(std::string(name) + ": value " + std::to_string(i) + " is negative");
}

// Runs work without the interpreter's lock; Ctrl-C stops it.
template <class Work> void interruptible(Work work) {
    Stop stop;
    stop.poll = [] {
        const py::gil_scoped_acquire lock;
        return PyErr_CheckSignals() != 0;
    };
    bool finished;
    {
        const py::gil_scoped_release unlocked;
        finished = work(stop);
    }
    if (!finished)
        throw py::error_already_set();
}

} // namespace szfast::bindings
