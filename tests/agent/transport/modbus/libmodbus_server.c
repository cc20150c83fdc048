/* A server on libmodbus for the peer tests: holding n is 1000 + n, input n is 2000 + n, a coil is
 * set where its address is odd, a discrete input where it is even; addresses 0 to 499.
 * Usage: libmodbus_server tcp PORT | rtu PATH UNIT */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    int listener = -1, size, i, rtu = argc > 3;
    modbus_t *bus = rtu ? modbus_new_rtu(argv[2], 115200, 'N', 8, 1)
                        : modbus_new_tcp("127.0.0.1", atoi(argv[2]));
    modbus_mapping_t *map = modbus_mapping_new(500, 500, 500, 500);

    if (!bus || !map)
        return 1;
    alarm(120);
    for (i = 0; i < 500; i++) {
        map->tab_registers[i] = 1000 + i;
        map->tab_input_registers[i] = 2000 + i;
        map->tab_bits[i] = i & 1;
        map->tab_input_bits[i] = !(i & 1);
    }
    if (rtu) {
        if (modbus_set_slave(bus, atoi(argv[3])) || modbus_connect(bus))
            return 2;
    } else if ((listener = modbus_tcp_listen(bus, 1)) < 0) {
        return 2;
    }
    puts("ready");
    fflush(stdout);
    if (!rtu)
        modbus_tcp_accept(bus, &listener);
    for (;;) {
        size = modbus_receive(bus, request);
        if (size > 0)
            modbus_reply(bus, request, size, map);
        else if (size < 0 && !rtu)
            return 0;
    }
}
