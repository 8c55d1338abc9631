/* modules/vectors/half.h - IEEE 754 binary16 to and from binary32, rounding to nearest, ties to even. */
#ifndef TAMIS_HALF_H
#define TAMIS_HALF_H

#include <stddef.h>
#include <stdint.h>

uint16_t half_of(float x);      /* past the largest: infinity; NaN stays one */
float half_value(uint16_t h);
/* n at once; F16C where the machine has it, the same values without. */
void half_to_floats(const uint16_t *h, size_t n, float *out);

#endif
