# Starts cellcost's meter in every kernel of this environment.
# IPython runs all startup files in one `try`, in the user's namespace: so nothing may
# be raised here, and no name may stay behind. CELLCOST_METER=off switches it off.


def _cellcost_start():
    try:
        from cellcost_meter.bootstrap import auto_install

        auto_install()
    except BaseException:  # noqa: BLE001, S110 - the user's own startup files come next
        pass


_cellcost_start()
del _cellcost_start
