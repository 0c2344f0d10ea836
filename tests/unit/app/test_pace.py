from postroom.app.pace import SPAN, Pace


class Scene:
    def __init__(self):
        self.count, self.now = 0, 1000.0

    def after(self, seconds, more):
        self.now += seconds
        self.count += more


def test_it_is_that_of_what_came_since_the_last_look():
    scene = Scene()
    pace = Pace(lambda: scene.count, lambda: scene.now)
    assert pace.per_second() == 0
    scene.after(2.0, 100)
    assert pace.per_second() == 50
    scene.after(2.0, 0)
    assert pace.per_second() == 0


def test_looks_that_follow_each_other_closely_see_what_came_before_them():
    scene = Scene()
    pace = Pace(lambda: scene.count, lambda: scene.now)
    pace.per_second()
    scene.after(SPAN / 2, 100)
    assert pace.per_second() > 100
    scene.after(SPAN / 4, 0)
    assert pace.per_second() > 100
    scene.after(SPAN, 0)
    pace.per_second()
    scene.after(SPAN / 4, 0)
    assert pace.per_second() == 0


def test_two_looks_in_one_moment():
    scene = Scene()
    pace = Pace(lambda: scene.count, lambda: scene.now)
    pace.per_second()
    assert pace.per_second() == 0
