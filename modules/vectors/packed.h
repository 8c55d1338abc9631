/* modules/vectors/packed.h - a vector as bytes, as it is cached and as servers send it: floats of 32 bits, little-endian,
** end to end; in a reply also as base64 (RFC 4648, with its padding). */
#ifndef TAMIS_PACKED_H
#define TAMIS_PACKED_H

#include "core/span.h"

/* Bytes that a base64 text stands for; -1 if its length is none of base64. */
long packed_length(Span text);
/* Decodes it into out[packed_length]. 0; -1 where a character is none of base64, or bits behind the end are set. */
int packed_decode(Span text, char *out);

void packed_write(const float *x, size_t n, char *out);        /* into out[4 n] */
void packed_read(const char *bytes, size_t n, float *out);     /* n floats, at any address */
int packed_finite(const char *bytes, size_t n);                /* is none of n floats NaN or infinite? */

#endif
