<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Pages.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\item;
use local_moodlesync\local\payload;

/**
 * The page: a text.
 */
final class page extends module {
    #[\Override]
    public function readers(): array {
        return ['content' => fn(payload $p, string $f) => $p->html($f)];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->libdir . '/resourcelib.php');
        $config = get_config('page');
        return [
            'content' => '',
            'contentformat' => FORMAT_HTML,
            'display' => $config->display ?? RESOURCELIB_DISPLAY_OPEN,
            'popupwidth' => $config->popupwidth ?? 620,
            'popupheight' => $config->popupheight ?? 450,
            'printintro' => $config->printintro ?? 0,
            'printlastmodified' => $config->printlastmodified ?? 1,
        ];
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        return array_map(fn($page) => ['content' => (string)$page->content], $instances);
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        global $DB;
        if (isset($changes['content'])) {
            $revision = (int)$DB->get_field('page', 'revision', ['id' => $cm->instance], MUST_EXIST);
            $this->update($cm, [
                'content' => $changes['content'],
                'contentformat' => FORMAT_HTML,
                'revision' => $revision + 1,
            ]);
        }
    }
}
