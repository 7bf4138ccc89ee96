#undef TILE
#undef CUT
#undef STORE
#undef LOAD
#undef LANES
#undef NAME
