/* modules/corpus/identity.h - who a row is: XXH3-128 of its original bytes, the same on every
** machine, whichever path computes it. Private to the reader and its tests. */
#ifndef TAMIS_IDENTITY_H
#define TAMIS_IDENTITY_H

#include "core/simd.h"
#include "corpus/corpus.h"

Hash128 row_identity(Span bytes, SimdPath path);
Hash128 row_identity_avx2(Span bytes);   /* identity_avx2.c; only where SIMD_X86 */

#endif
