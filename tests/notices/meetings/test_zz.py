import pytest
pytestmark=pytest.mark.django_db
def test_x(client,cast):
    client.force_login(cast.market_head)
    for u in ["/meetings/","/meetings/?view=todo","/meetings/new/","/meetings/calendar/","/meetings/frequency/","/meetings/new/hints/?kind=1"]:
        r=client.get(u); assert r.status_code==200,u
    client.force_login(cast.qifa_head)
    for u in ["/meetings/kinds/","/meetings/kinds/new/","/meetings/kinds/1/","/meetings/frequency/?format=xlsx"]:
        r=client.get(u); assert r.status_code==200,u
