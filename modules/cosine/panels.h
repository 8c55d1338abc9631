/* modules/cosine/panels.h - products of a few rows with many, of which only those that reach a bound are written down.
**
** The many stand in panels of 16: panel[width][16], so that one load gives a number of each of 16 rows; the few, 6 of
** them, are laid as few[width][6]. A product stays in a register, is compared there, and is nearly always forgotten:
** that is what a product of matrices in a library cannot do.
** Sums are floats in the order of the numbers; what the paths give differs in the last bits (fused or not). */
#ifndef TAMIS_PANELS_H
#define TAMIS_PANELS_H

#include <stddef.h>
#include <stdint.h>

#include "core/simd.h"

enum {
  PANEL_LANES = 16, PANEL_FEW = 6, PANEL_MOST_PANELS = 64,
  PANEL_MOST = PANEL_FEW * PANEL_LANES * PANEL_MOST_PANELS
};

typedef struct PanelHit { uint32_t few, many; float product; } PanelHit;   /* row of the few, row of the panels */

/* All of few[0..nfew) (nfew <= 6; the rest zeros) with all rows of npanels <= PANEL_MOST_PANELS panels. least: bounds
** of 16 rows, `stride` floats from one panel's to the next one's (0: the same for all). Those at their row's bound or
** above into hit[PANEL_MOST], by panel; how many. */
size_t panels_reach(SimdPath path, const float *few, size_t nfew, const float *panel, size_t npanels, size_t width,
                   const float *least, size_t stride, PanelHit *hit);

#endif
