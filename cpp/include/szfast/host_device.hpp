// Marks what runs on a GPU too; a C++ compiler sees nothing.
#pragma once

#ifdef __CUDACC__
#define SZFAST_HOST_DEVICE __host__ __device__
#else
#define SZFAST_HOST_DEVICE
#endif
