-- description: Fills whose order is not stored.
-- parameters: none
select fills.trade_id
from trading.fills as fills
left join trading.orders as orders using (order_id)
where orders.order_id is null
