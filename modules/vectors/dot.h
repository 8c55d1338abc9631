/* modules/vectors/dot.h - the dot product that decides: doubles in a fixed order. */
#ifndef TAMIS_DOT_H
#define TAMIS_DOT_H

#include <stddef.h>

#include "core/simd.h"

/* Sum of a[i] * b[i]: lane i % 8 takes the products in order, then the lanes are added: ((0+4) + (2+6)) +
** ((1+5) + (3+7)). Each product is exact, so a fused multiply-add changes nothing: the same bits on every path. */
double dot_fixed(SimdPath path, const float *a, const float *b, size_t n);

#endif
