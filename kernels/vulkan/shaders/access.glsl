// Local size is constant 0.
layout(local_size_x_id = 0) in;

// AT(array, index) is array[index]. In the checked build an index outside of the bound range is noted in the fault word and becomes 0:
// some drivers drop such a write, others let it land in a neighbour.
#ifdef CHECKED
layout(set = 0, binding = 11) buffer Faults { uint faults[]; };
uint checkedIndex(uint index, uint length) {
    if (index < length)
        return index;
    faults[0] = 1u;
    return 0u;
}
#define AT(array, index) array[checkedIndex(uint(index), uint(array.length()))]
#else
#define AT(array, index) array[index]
#endif
