/* cold: for functions that are not of the usual message: compiled small, and out of its way. */
#ifndef BASE_COLD_H
#define BASE_COLD_H

#define COLD __attribute__((cold))

#endif
